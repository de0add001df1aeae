use super::*;

/// The names, modes and contents in an archive, read back by its own rules.
fn entries(mut bytes: &[u8]) -> Vec<(String, u32, Vec<u8>)> {
    let mut entries = Vec::new();
    let mut taken = 0;
    let mut take = |bytes: &mut &[u8], length: usize| {
        let padding = (taken + length).next_multiple_of(4) - taken - length;
        let (head, rest) = bytes.split_at(length);
        *bytes = &rest[padding..];
        taken += length + padding;
        head.to_vec()
    };
    loop {
        let header = String::from_utf8(bytes[..110].to_vec()).unwrap();
        let field =
            |index: usize| u32::from_str_radix(&header[6 + index * 8..14 + index * 8], 16).unwrap();
        assert!(header.starts_with("070701"), "{header}");
        // Header and name are padded as one.
        let head = take(&mut bytes, 110 + field(11) as usize);
        let name = String::from_utf8(head[110..head.len() - 1].to_vec()).unwrap();
        let content = take(&mut bytes, field(6) as usize);
        if name == "TRAILER!!!" {
            assert!(bytes.is_empty());
            return entries;
        }
        entries.push((name, field(1), content));
    }
}

#[test]
fn files_come_after_their_folders() {
    let mut archive = Archive::default();
    archive.file(Path::new("/etc/gemel/gemel.toml"), 0o600, b"abc").unwrap();
    archive.link(Path::new("/etc/link"), Path::new("/bin/busybox")).unwrap();
    let expected = [
        ("etc", 0o040_755, &b""[..]),
        ("etc/gemel", 0o040_755, b""),
        ("etc/gemel/gemel.toml", 0o100_600, b"abc"),
        ("etc/link", 0o120_777, b"/bin/busybox"),
    ];
    let expected = expected.map(|(name, mode, content)| (name.to_owned(), mode, content.to_vec()));
    assert_eq!(entries(&archive.finish()), expected);
}

#[test]
fn a_path_is_packed_once() {
    let mut archive = Archive::default();
    archive.folder(Path::new("proc")).unwrap();
    archive.folder(Path::new("/proc")).unwrap();
    archive.file(Path::new("/init"), 0o755, b"first").unwrap();
    archive.file(Path::new("/init"), 0o755, b"second").unwrap();
    let entries = entries(&archive.finish());
    assert_eq!(entries.len(), 2, "{entries:?}");
    assert_eq!(entries[1].2, b"first");
}

#[test]
fn libraries_are_the_files_that_ldd_names() {
    let ldd = "\tlinux-vdso.so.1 (0x00007ffc)\n\tlibc.so.6 => /lib/x/libc.so.6 (0x00007f)\n\t/lib64/ld-linux-x86-64.so.2 (0x00007f)\n";
    let expected = ["/lib/x/libc.so.6", "/lib64/ld-linux-x86-64.so.2"].map(PathBuf::from);
    assert_eq!(libraries(ldd), expected);
    assert!(libraries("\tstatically linked\n").is_empty());
}
