//! Constants and structs of `<linux/ip_vs.h>`: the words of IPVS over generic netlink.
//!
//! [`bindings`] is what bindgen prints, checked in so that nobody needs libclang to build; the
//! feature `bindgen` prints it again and a test compares. The modules beside it give the same values
//! the types they have on the wire and names without the prefix. No logic lives here; the crate
//! `ipvs` is the one caller.
//!
//! bindgen leaves out the seven `IPVS_*_MAX` macros; where one is needed it is `__IPVS_*_MAX - 1`.
//! Its `_bindgen_ty_N` are numbered by position in the header: never name them.

#![forbid(unsafe_code)]

#[rustfmt::skip]
#[allow(missing_docs, non_camel_case_types, non_upper_case_globals)]
#[allow(clippy::all, clippy::use_self)]
pub mod bindings;

/// The family's name, as nlctrl wants it: with its NUL (`IPVS_GENL_NAME`).
pub const FAMILY: &[u8] = bindings::IPVS_GENL_NAME;
/// The family's version (`IPVS_GENL_VERSION`).
pub const VERSION: u8 = bindings::IPVS_GENL_VERSION as u8;
/// Bytes of a scheduler's name with its NUL (`IP_VS_SCHEDNAME_MAXLEN`).
pub const SCHEDULER_NAME_BYTES: usize = bindings::IP_VS_SCHEDNAME_MAXLEN as usize;

/// `name = RAW` as a documented constant of one type.
macro_rules! names {
    ($type:ty: $($name:ident = $raw:ident,)+) => {
        $(
            #[doc = concat!("`", stringify!($raw), "`")]
            pub const $name: $type = crate::bindings::$raw as $type;
        )+
    };
}

/// Commands, as `genlmsghdr.cmd` carries them.
pub mod command {
    names! { u8:
        NEW_SERVICE = IPVS_CMD_NEW_SERVICE,
        SET_SERVICE = IPVS_CMD_SET_SERVICE,
        DEL_SERVICE = IPVS_CMD_DEL_SERVICE,
        GET_SERVICE = IPVS_CMD_GET_SERVICE,
        NEW_DEST = IPVS_CMD_NEW_DEST,
        SET_DEST = IPVS_CMD_SET_DEST,
        DEL_DEST = IPVS_CMD_DEL_DEST,
        GET_DEST = IPVS_CMD_GET_DEST,
    }
}

/// Attributes at the top of a message.
pub mod top {
    names! { u16:
        SERVICE = IPVS_CMD_ATTR_SERVICE,
        DEST = IPVS_CMD_ATTR_DEST,
    }
}

/// Attributes inside [`top::SERVICE`].
pub mod service {
    names! { u16:
        AF = IPVS_SVC_ATTR_AF,
        PROTOCOL = IPVS_SVC_ATTR_PROTOCOL,
        ADDR = IPVS_SVC_ATTR_ADDR,
        PORT = IPVS_SVC_ATTR_PORT,
        FWMARK = IPVS_SVC_ATTR_FWMARK,
        SCHED_NAME = IPVS_SVC_ATTR_SCHED_NAME,
        FLAGS = IPVS_SVC_ATTR_FLAGS,
        TIMEOUT = IPVS_SVC_ATTR_TIMEOUT,
        NETMASK = IPVS_SVC_ATTR_NETMASK,
    }
}

/// Flags of a service, in [`service::FLAGS`].
pub mod service_flag {
    names! { u32:
        PERSISTENT = IP_VS_SVC_F_PERSISTENT,
        HASHED = IP_VS_SVC_F_HASHED,
        ONEPACKET = IP_VS_SVC_F_ONEPACKET,
        SCHED1 = IP_VS_SVC_F_SCHED1,
        SCHED2 = IP_VS_SVC_F_SCHED2,
        SCHED3 = IP_VS_SVC_F_SCHED3,
    }
}

/// Attributes inside [`top::DEST`].
pub mod dest {
    names! { u16:
        ADDR = IPVS_DEST_ATTR_ADDR,
        PORT = IPVS_DEST_ATTR_PORT,
        FWD_METHOD = IPVS_DEST_ATTR_FWD_METHOD,
        WEIGHT = IPVS_DEST_ATTR_WEIGHT,
        U_THRESH = IPVS_DEST_ATTR_U_THRESH,
        L_THRESH = IPVS_DEST_ATTR_L_THRESH,
        ACTIVE_CONNS = IPVS_DEST_ATTR_ACTIVE_CONNS,
        INACT_CONNS = IPVS_DEST_ATTR_INACT_CONNS,
        ADDR_FAMILY = IPVS_DEST_ATTR_ADDR_FAMILY,
    }
}

/// Forwarding methods, in [`dest::FWD_METHOD`].
pub mod forward {
    names! { u32:
        MASK = IP_VS_CONN_F_FWD_MASK,
        MASQ = IP_VS_CONN_F_MASQ,
        LOCALNODE = IP_VS_CONN_F_LOCALNODE,
        TUNNEL = IP_VS_CONN_F_TUNNEL,
        DROUTE = IP_VS_CONN_F_DROUTE,
        BYPASS = IP_VS_CONN_F_BYPASS,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn numbers_are_those_of_the_kernels_abi() {
        assert_eq!(crate::FAMILY, b"IPVS\0");
        assert_eq!((crate::command::NEW_SERVICE, crate::command::GET_DEST), (1, 8));
        assert_eq!((crate::service::NETMASK, crate::dest::ADDR_FAMILY), (9, 11));
        assert_eq!((crate::forward::DROUTE, crate::service_flag::HASHED), (3, 2));
        assert_eq!(size_of::<crate::bindings::ip_vs_flags>(), 8);
    }

    /// Another version of bindgen may print the same differently; another header may name more.
    #[cfg(feature = "bindgen")]
    #[test]
    fn the_file_checked_in_is_what_bindgen_prints() {
        let printed = include_str!(concat!(env!("OUT_DIR"), "/bindings.rs"));
        assert!(
            printed == include_str!("bindings.rs"),
            "copy {}/bindings.rs to src/bindings.rs",
            env!("OUT_DIR")
        );
    }
}
