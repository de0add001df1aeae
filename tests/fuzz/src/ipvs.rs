//! What the kernel says of the IPVS table: anything may come in, and what was read can be written
//! and read again.

use ::ipvs::codec::{self, Reply};
use ipvs_table::{Family, Request, ServiceKey};

/// One datagram of a netlink socket.
pub(crate) fn run(bytes: &[u8]) {
    for (_, reply) in codec::replies(bytes) {
        let Some(Reply::Data(data)) = reply else { continue };
        attributes(data);
    }
    // As if the headers had been right.
    attributes(bytes);
}

fn attributes(data: &[u8]) {
    std::hint::black_box(codec::family_id(data));
    if let Some((key, service)) = codec::service(data) {
        let again = written(&Request::AddService(key, service.clone()));
        assert_eq!(codec::service(&again), Some((key, service)));
    }
    for of in [Family::V4, Family::V6] {
        if let Some((key, server, _)) = codec::destination(data, of) {
            let web = ServiceKey::Mark { family: of, mark: 1 };
            let again = written(&Request::AddServer(web, key, server));
            let read = codec::destination(&again, of).map(|(key, server, _)| (key, server));
            assert_eq!(read, Some((key, server)));
        }
    }
}

/// The attributes of a request as we would send it.
fn written(request: &Request) -> Vec<u8> {
    let message = codec::request(0x1c, 1, request);
    let mut replies = codec::replies(&message);
    match replies.next() {
        Some((1, Some(Reply::Data(data)))) => data.to_vec(),
        other => panic!("{other:?} of {request:?}"),
    }
}
