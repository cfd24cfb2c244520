//! Rust source cut into code, comments and literals, so that a rule about one never trips over another.

/// What a piece of a source file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Anything but the others.
    Code,
    /// A comment with its slashes.
    Comment,
    /// The inside of a string, of any sort, as written.
    Text,
}

/// A piece of a source file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Piece<'a> {
    pub(crate) kind: Kind,
    /// The line on which it begins, from 1.
    pub(crate) line: usize,
    pub(crate) text: &'a str,
}

/// Cuts a source file into pieces. Quotes around a string belong to the code.
pub(crate) fn pieces(source: &str) -> Vec<Piece<'_>> {
    let mut cutter = Cutter { source, pieces: Vec::new(), start: 0, line: 1 };
    let mut at = 0;
    while at < source.len() {
        at = cutter.step(at);
    }
    cutter.cut(Kind::Code, source.len());
    cutter.pieces
}

/// Returns the source with comments and the insides of strings blanked, line by line as before.
pub(crate) fn code(source: &str) -> String {
    let mut code = String::with_capacity(source.len());
    for piece in pieces(source) {
        match piece.kind {
            Kind::Code => code.push_str(piece.text),
            _ => code.extend(piece.text.chars().map(|each| if each == '\n' { '\n' } else { ' ' })),
        }
    }
    code
}

struct Cutter<'a> {
    source: &'a str,
    pieces: Vec<Piece<'a>>,
    start: usize,
    line: usize,
}

impl<'a> Cutter<'a> {
    /// Ends the current piece.
    fn cut(&mut self, kind: Kind, end: usize) {
        let text = &self.source[self.start..end];
        if !text.is_empty() {
            self.pieces.push(Piece { kind, line: self.line, text });
            self.line += text.matches('\n').count();
        }
        self.start = end;
    }

    /// Looks at what begins here; returns where to look next.
    fn step(&mut self, at: usize) -> usize {
        let rest = &self.source[at..];
        if rest.starts_with("//") {
            self.cut(Kind::Code, at);
            let end = at + rest.find('\n').unwrap_or(rest.len());
            self.cut(Kind::Comment, end);
            return end;
        }
        if rest.starts_with("/*") {
            self.cut(Kind::Code, at);
            let end = at + block_comment_len(rest);
            self.cut(Kind::Comment, end);
            return end;
        }
        if let Some(inside) = rest.strip_prefix('"') {
            return self.string(at + 1, plain_len(inside));
        }
        if let Some(hashes) = raw_hashes(rest).filter(|_| !self.is_inside_name(at)) {
            let open = at + hashes + 2;
            let close = format!("\"{}", "#".repeat(hashes));
            let length = self.source[open..].find(&close).unwrap_or(self.source.len() - open);
            return self.string(open, length);
        }
        if rest.starts_with('\'') {
            return at + quote_len(rest);
        }
        at + rest.chars().next().map_or(1, char::len_utf8)
    }

    fn string(&mut self, open: usize, length: usize) -> usize {
        self.cut(Kind::Code, open);
        self.cut(Kind::Text, open + length);
        // The closing quote opens nothing.
        (open + length + 1).min(self.source.len())
    }

    /// Returns whether the `r` at this place ends a longer name than `r`, `br` or `cr`.
    fn is_inside_name(&self, at: usize) -> bool {
        let before = self.source[..at].trim_end_matches(['b', 'c']);
        before.ends_with(|each: char| each.is_alphanumeric() || each == '_')
    }
}

/// Returns the number of `#` if a raw string begins here.
fn raw_hashes(rest: &str) -> Option<usize> {
    let after = rest.strip_prefix('r')?;
    let hashes = after.len() - after.trim_start_matches('#').len();
    after[hashes..].starts_with('"').then_some(hashes)
}

fn plain_len(inside: &str) -> usize {
    let mut is_escaped = false;
    for (at, each) in inside.char_indices() {
        match each {
            '"' if !is_escaped => return at,
            '\\' => is_escaped = !is_escaped,
            _ => is_escaped = false,
        }
    }
    inside.len()
}

/// Returns the length of a character literal, or 1 for the quote of a lifetime.
fn quote_len(rest: &str) -> usize {
    let mut inside = rest[1..].char_indices();
    let Some((_, first)) = inside.next() else { return 1 };
    if first == '\\' {
        inside.next();
        return inside.find(|(_, each)| *each == '\'').map_or(rest.len(), |(at, _)| at + 2);
    }
    match inside.next() {
        Some((at, '\'')) => at + 2,
        _ => 1,
    }
}

fn block_comment_len(rest: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

#[test]
fn strings_and_comments_are_told_from_code() {
    let source =
        "let a = \"x \\\" // y\"; // \"z\"\nlet b = br#\"q\"w\"#; /* 'n /* o */ */ let c: &'a [u8] = &['\"', '\\''];";
    let of = |kind| -> Vec<(usize, &str)> {
        pieces(source).iter().filter(|piece| piece.kind == kind).map(|piece| (piece.line, piece.text)).collect()
    };
    assert_eq!(of(Kind::Text), [(1, "x \\\" // y"), (2, "q\"w")]);
    assert_eq!(of(Kind::Comment), [(1, "// \"z\""), (2, "/* 'n /* o */ */")]);
    assert!(code(source).ends_with("let c: &'a [u8] = &['\"', '\\''];"));
}
