//! Names: of objects in the file, of interfaces; paths; Host headers.

use super::Wrong;

/// Names appear in logs, outputs and as keys of tables: letters, digits, `-`, `_`, `.`.
pub(crate) fn name(text: &str) -> Result<String, Wrong> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if (1..=63).contains(&text.len()) && text.chars().all(plain) {
        Ok(text.into())
    } else {
        Err(Wrong::new("is not a name").hint("1 to 63 letters, digits, `-`, `_` or `.`"))
    }
}

/// A name Linux gives to an interface (`dev_valid_name`): 15 bytes of its IFNAMSIZ, no `/`, `:` or
/// space.
pub(crate) fn interface(text: &str) -> Result<String, Wrong> {
    let forbidden = |c: char| c == '/' || c == ':' || c.is_whitespace() || c.is_control();
    if !(1..=15).contains(&text.len()) || text.contains(forbidden) || matches!(text, "." | "..") {
        return Err(Wrong::new("cannot be an interface")
            .hint("1 to 15 bytes, as `ip link` shows it, such as \"eth0\""));
    }
    Ok(text.into())
}

/// The path of a file.
pub(crate) fn path(text: &str) -> Result<String, Wrong> {
    if text.starts_with('/') && !text.contains('\0') {
        Ok(text.into())
    } else {
        Err(Wrong::new("is not an absolute path").hint("begin with `/`"))
    }
}

/// The value of a Host header.
pub(crate) fn host_header(text: &str) -> Result<String, Wrong> {
    if (1..=255).contains(&text.len()) && text.chars().all(|c| c.is_ascii_graphic()) {
        Ok(text.into())
    } else {
        Err(Wrong::new("cannot be a Host header").hint("such as \"www.example.org\""))
    }
}
