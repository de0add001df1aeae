//! What a service listens on: `"tcp://192.0.2.80:443"`.

use std::net::IpAddr;

use ipvs_table::{Protocol, ServiceKey};

use super::{Wrong, address, ipv4};
use crate::suggest::nearest;

/// Protocol, address and port.
pub(crate) fn listen(text: &str) -> Result<ServiceKey, Wrong> {
    let Some((scheme, rest)) = text.split_once("://") else {
        return Err(Wrong::new("names no protocol").hint(EXAMPLE));
    };
    let protocol = match scheme {
        "tcp" => Protocol::Tcp,
        "udp" => Protocol::Udp,
        _ => {
            let hint = match nearest(scheme, ["tcp", "udp"]) {
                Some(meant) => format!("did you mean `{meant}://`?"),
                None => "the protocols are tcp and udp".into(),
            };
            return Err(Wrong::new("has an unknown protocol").hint(hint));
        }
    };
    if rest.starts_with('[') || rest.matches(':').count() > 1 {
        return Err(address::not_yet());
    }
    let Some((address, port)) = rest.rsplit_once(':') else {
        return Err(Wrong::new("has no port").hint(EXAMPLE));
    };
    let address = IpAddr::V4(ipv4(address)?);
    Ok(ServiceKey::Listen { protocol, address, port: super::url::port(port)? })
}

const EXAMPLE: &str = "write protocol, address and port, such as \"tcp://192.0.2.80:443\"";
