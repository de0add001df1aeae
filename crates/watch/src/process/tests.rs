use super::connector::Event;
use super::*;

#[test]
fn messages_of_the_kernel_are_read_as_sent() {
    // As captured: the kernel's word that it tells, and a fork of a process.
    let listening = "4c00000003000000000000000000000001000000010000000000000001000000280000000000000\
                     001000000fab704252a0c0000000000000000000000000000000000000000000000000000";
    assert_eq!(connector::read(&bytes(listening)), Some(Event::Listening(Ok(()))));
    let fork = "4c0000000300000001000000000000000100000001000000010000000000000028000000010000000100\
                0000fe8606252a0c0000d9390000d9390000083a0000083a00000000000000000000";
    let forked = Event::Forked { parent: 0x39d9, child: 0x3a08 };
    assert_eq!(connector::read(&bytes(fork)), Some(forked));
}

#[test]
fn threads_other_groups_and_cut_messages_are_nothing() {
    let whole = event(0x8000_0000, &[7, 7]);
    assert_eq!(connector::read(&whole), Some(Event::Ended(7)));
    assert_eq!(connector::read(&event(0x200, &[7, 7])), Some(Event::Renamed(7)));
    assert_eq!(connector::read(&event(2, &[7, 7])), Some(Event::Renamed(7)));
    assert_eq!(connector::read(&event(0x8000_0000, &[8, 7])), None, "a thread");
    assert_eq!(connector::read(&event(1, &[7, 7, 9, 8])), None, "a new thread");
    assert_eq!(connector::read(&event(4, &[7, 7])), None, "another kind");
    let refused = Some(Event::Listening(Err(nix::errno::Errno::EPERM)));
    assert_eq!(connector::read(&event(0, &[1])), refused);
    let mut foreign = whole.clone();
    foreign[16] = 2;
    assert_eq!(connector::read(&foreign), None, "another group");
    for length in 0..60 {
        assert_eq!(connector::read(&whole[..length]), None, "cut to {length}");
    }
}

fn event(what: u32, data: &[u32]) -> Vec<u8> {
    let words = [60, 3, 0, 0, 1, 1, 0, 0, 40, what, 0, 0, 0];
    words.iter().chain(data).flat_map(|word| word.to_ne_bytes()).collect()
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        hex.bytes().map(|digit| (digit as char).to_digit(16).unwrap() as u8).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}
