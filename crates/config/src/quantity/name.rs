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

/// The label of an IPv4 address (IFA_LABEL): as long as the name of an interface, and it begins with
/// one.
pub(crate) fn label(text: &str) -> Result<String, Wrong> {
    let good = |(interface, word): (&str, &str)| self::interface(interface).is_ok() && plain(word);
    let plain_text = (1..=15).contains(&text.len()) && text.split_once(':').is_some_and(good);
    if plain_text {
        return Ok(text.into());
    }
    Err(Wrong::new("cannot be a label")
        .hint("the interface, `:` and a word, at most 15 bytes in all, such as \"eth0:web\""))
}

fn plain(word: &str) -> bool {
    !word.is_empty() && word.chars().all(|c| c.is_ascii_graphic())
}

/// The simple password of version 2: 8 bytes, padded with zeroes (RFC 2338 5.3.6).
pub(crate) fn password(text: &str) -> Result<[u8; 8], Wrong> {
    let mut padded = [0; 8];
    match padded.get_mut(..text.len()) {
        Some(place) if !text.is_empty() && !text.contains('\0') => {
            place.copy_from_slice(text.as_bytes());
            Ok(padded)
        }
        Some(_) | None => Err(Wrong::new("cannot be a password of VRRPv2").hint("1 to 8 bytes")),
    }
}

/// What a process is called: its `comm` of at most 15 bytes, or the base name of its program.
pub(crate) fn process(text: &str) -> Result<String, Wrong> {
    if (1..=255).contains(&text.len()) && !text.contains(['/', '\0', '\n']) {
        Ok(text.into())
    } else {
        Err(Wrong::new("cannot be a process")
            .hint("the name of its program without folders, such as \"haproxy\""))
    }
}

/// An argument of a program.
pub(crate) fn argument(text: &str) -> Result<String, Wrong> {
    if text.contains('\0') {
        return Err(Wrong::new("holds a zero byte, which ends an argument"));
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
