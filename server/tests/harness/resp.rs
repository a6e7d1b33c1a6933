//! Where one Redis command or answer ends and the next begins. Knows no connection.

/// One command, whole, as its words.
pub(crate) type Words = Vec<Vec<u8>>;

/// Takes the first whole command off `bytes`.
pub(super) fn take_command(bytes: &mut Vec<u8>) -> Option<Words> {
    let end = end_of(bytes, 0)?;
    let whole: Vec<u8> = bytes.drain(..end).collect();
    let mut words = Words::new();
    let mut at = line(&whole, 0)?.1;
    while at < whole.len() {
        let (length, from) = line(&whole, at)?;
        let to = from + usize::try_from(length).ok()?;
        words.push(whole[from..to].to_vec());
        at = to + 2;
    }
    Some(words)
}

/// Takes the first whole answer off `bytes`, of RESP2 or RESP3.
pub(super) fn take_answer(bytes: &mut Vec<u8>) -> Option<Vec<u8>> {
    let end = end_of(bytes, 0)?;
    Some(bytes.drain(..end).collect())
}

/// The bytes of a command.
pub(super) fn encode<W: AsRef<[u8]>>(words: &[W]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    for word in words.iter().map(AsRef::as_ref) {
        bytes.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        bytes.extend_from_slice(word);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}

/// Where the value that begins at `at` ends, once all of it is there.
fn end_of(bytes: &[u8], at: usize) -> Option<usize> {
    let kind = *bytes.get(at)?;
    let (count, from) = line(bytes, at)?;
    let items = match kind {
        b'$' | b'=' | b'!' if count >= 0 => {
            let end = from + usize::try_from(count).ok()? + 2;
            return (bytes.len() >= end).then_some(end);
        }
        b'*' | b'~' | b'>' => count.max(0),
        b'%' => count * 2,
        // Attributes stand before the value they belong to.
        b'|' => count * 2 + 1,
        _ => 0,
    };
    (0..items).try_fold(from, |at, _| end_of(bytes, at))
}

/// The number on the line that begins at `at`, if it is one, and where the next line begins.
fn line(bytes: &[u8], at: usize) -> Option<(i64, usize)> {
    let end = at + bytes[at..].windows(2).position(|pair| pair == b"\r\n")?;
    let number = std::str::from_utf8(&bytes[at + 1..end]).ok().and_then(|text| text.parse().ok());
    Some((number.unwrap_or(0), end + 2))
}

#[test]
fn a_pipeline_is_cut_where_its_commands_and_answers_end() {
    let commands = [vec!["PING"], vec!["ZADD", "key", "GT", "CH", "12", ""], vec!["GET", "a\r\nb"]];
    let mut bytes = commands.iter().flat_map(|words| encode(words)).collect::<Vec<u8>>();
    let torn = bytes.split_off(bytes.len() - 1);
    for words in &commands[..2] {
        assert_eq!(take_command(&mut bytes).unwrap(), words.iter().map(|word| word.as_bytes()).collect::<Vec<_>>());
    }
    assert_eq!(take_command(&mut bytes), None);
    bytes.extend(torn);
    assert_eq!(take_command(&mut bytes).unwrap()[1], b"a\r\nb");

    let answers = ["+OK\r\n", "*2\r\n$-1\r\n*1\r\n:4\r\n", "$2\r\n\r\n\r\n", "*-1\r\n", "%1\r\n+a\r\n_\r\n"];
    let mut bytes = answers.concat().into_bytes();
    assert!(answers.iter().all(|answer| take_answer(&mut bytes).unwrap() == answer.as_bytes()));
    assert!(bytes.is_empty());
}
