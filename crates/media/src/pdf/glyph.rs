//! What codes and names of glyphs stand for.
//!
//! The tables are those of the western writing systems, with which fonts are described by names. Other fonts bring a
//! table of their own.

/// Which of the tables a font counts by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    Standard,
    MacRoman,
    WinAnsi,
}

/// Names of the characters from U+0021 to U+007E.
const ASCII_NAMES: &str = "exclam quotedbl numbersign dollar percent ampersand quotesingle parenleft parenright \
    asterisk plus comma hyphen period slash zero one two three four five six seven eight nine colon semicolon less \
    equal greater question at A B C D E F G H I J K L M N O P Q R S T U V W X Y Z bracketleft backslash bracketright \
    asciicircum underscore grave a b c d e f g h i j k l m n o p q r s t u v w x y z braceleft bar braceright \
    asciitilde";

/// Names of the characters from U+00A1 to U+00FF.
const LATIN_NAMES: &str = "exclamdown cent sterling currency yen brokenbar section dieresis copyright ordfeminine \
    guillemotleft logicalnot softhyphen registered macron degree plusminus twosuperior threesuperior acute mu \
    paragraph periodcentered cedilla onesuperior ordmasculine guillemotright onequarter onehalf threequarters \
    questiondown Agrave Aacute Acircumflex Atilde Adieresis Aring AE Ccedilla Egrave Eacute Ecircumflex Edieresis \
    Igrave Iacute Icircumflex Idieresis Eth Ntilde Ograve Oacute Ocircumflex Otilde Odieresis multiply Oslash Ugrave \
    Uacute Ucircumflex Udieresis Yacute Thorn germandbls agrave aacute acircumflex atilde adieresis aring ae ccedilla \
    egrave eacute ecircumflex edieresis igrave iacute icircumflex idieresis eth ntilde ograve oacute ocircumflex \
    otilde odieresis divide oslash ugrave uacute ucircumflex udieresis yacute thorn ydieresis";

/// Names outside of these two rows.
const OTHER_NAMES: &[(&str, &str)] = &[
    ("space", " "),
    ("nbspace", " "),
    ("Euro", "€"),
    ("OE", "Œ"),
    ("Scaron", "Š"),
    ("Zcaron", "Ž"),
    ("Ydieresis", "Ÿ"),
    ("bullet", "•"),
    ("circumflex", "ˆ"),
    ("dagger", "†"),
    ("daggerdbl", "‡"),
    ("dotlessi", "ı"),
    ("ellipsis", "…"),
    ("emdash", "—"),
    ("endash", "–"),
    ("ff", "ff"),
    ("ffi", "ffi"),
    ("ffl", "ffl"),
    ("fi", "fi"),
    ("fl", "fl"),
    ("florin", "ƒ"),
    ("fraction", "⁄"),
    ("guilsinglleft", "‹"),
    ("guilsinglright", "›"),
    ("minus", "−"),
    ("oe", "œ"),
    ("perthousand", "‰"),
    ("quotedblbase", "„"),
    ("quotedblleft", "“"),
    ("quotedblright", "”"),
    ("quoteleft", "‘"),
    ("quoteright", "’"),
    ("quotesinglbase", "‚"),
    ("scaron", "š"),
    ("tilde", "˜"),
    ("trademark", "™"),
    ("zcaron", "ž"),
];

/// Characters of the codes from 0x80 in the table of Windows; blanks are codes without one.
const WINDOWS: &str = "€ ‚ƒ„…†‡ˆ‰Š‹Œ Ž  ‘’“”•–—˜™š›œ žŸ";
/// Characters of the codes from 0x80 in the table of the Macintosh.
const MACINTOSH: &str = "ÄÅÇÉÑÖÜáàâäãåçéèêëíìîïñóòôöõúùûü†°¢£§•¶ß®©™´¨≠ÆØ∞±≤≥¥µ∂∑∏π∫ªºΩæø¿¡¬√ƒ≈∆«»… ÀÃÕŒœ–—“”‘’÷◊ÿŸ⁄€‹›\
    ﬁﬂ‡·‚„‰ÂÊÁËÈÍÎÏÌÓÔ\u{f8ff}ÒÚÛÙıˆ˜¯˘˙˚¸˝˛ˇ";
/// Characters of the codes from 0xA1 in the first table of PostScript; blanks are codes without one.
const STANDARD: &str = "¡¢£⁄¥ƒ§¤'“«‹›ﬁﬂ –†‡· ¶•‚„”»…‰ ¿ `´ˆ˜¯˘˙¨ ˚¸ ˝˛ˇ—                Æ ª    ŁØŒº     æ   ı  łøœß";

/// Returns the character of a code, or nothing where the table has none.
pub(super) fn of_code(table: Table, code: u8) -> Option<&'static str> {
    let from = |row: &'static str, start: u8| nth(row, usize::from(code.checked_sub(start)?));
    let found = match (table, code) {
        (Table::Standard, 0x27) => Some("’"),
        (Table::Standard, 0x60) => Some("‘"),
        (_, 0x20..=0x7e) => from(ASCII, 0x20),
        (Table::Standard, 0xa1..) => from(STANDARD, 0xa1),
        (Table::MacRoman, 0x80..) => from(MACINTOSH, 0x80),
        (Table::WinAnsi, 0x80..=0x9f) => from(WINDOWS, 0x80),
        (Table::WinAnsi, 0xa0..) => from(LATIN, 0xa0),
        _ => None,
    };
    // In the rows of the upper half a blank stands for nothing.
    let found = found.filter(|text| code == 0x20 || *text != " ");
    found.map(|text| match text {
        "ﬁ" => "fi",
        "ﬂ" => "fl",
        other => other,
    })
}

const ASCII: &str = " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~";
const LATIN: &str =
    "\u{a0}¡¢£¤¥¦§¨©ª«¬\u{ad}®¯°±²³´µ¶·¸¹º»¼½¾¿ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖ×ØÙÚÛÜÝÞßàáâãäåæçèéêëìíîïðñòóôõö÷øùúûüýþÿ";

fn nth(row: &'static str, index: usize) -> Option<&'static str> {
    let (at, character) = row.char_indices().nth(index)?;
    row.get(at..at + character.len_utf8())
}

/// Returns the text that a name of a glyph stands for: one of the names above, or a number as in `uni00E4`.
pub(super) fn of_name(name: &[u8]) -> Option<String> {
    let name = std::str::from_utf8(name).ok()?;
    // The part after a dot distinguishes forms of one glyph.
    let name = name.split('.').next().unwrap_or(name);
    let in_row = |names: &str| names.split_whitespace().position(|known| known == name);
    if let Some(index) = in_row(ASCII_NAMES) {
        return nth(ASCII, index + 1).map(str::to_owned);
    }
    if let Some(index) = in_row(LATIN_NAMES) {
        return nth(LATIN, index + 1).map(str::to_owned);
    }
    if let Some((_, text)) = OTHER_NAMES.iter().find(|(known, _)| *known == name) {
        return Some((*text).to_owned());
    }
    let digits = name.strip_prefix("uni").and_then(|rest| rest.get(..4)).or_else(|| name.strip_prefix('u'))?;
    let is_number = (4..=6).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    let code = u32::from_str_radix(digits, 16).ok().filter(|_| is_number)?;
    char::from_u32(code).map(|character| character.to_string())
}

/// Widths in Helvetica of the characters from U+0020 to U+007E, in thousandths of the size. Fonts that every viewer has
/// come without widths.
const WIDTHS: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556,
    556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833,
    722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556,
    556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334,
    260, 334, 584,
];

/// Returns about how wide a glyph is, in thousandths of the size.
pub(super) fn usual_width(text: &str, is_monospaced: bool) -> f64 {
    let known = text.chars().next().and_then(|first| WIDTHS.get((first as usize).checked_sub(0x20)?));
    if is_monospaced { 600.0 } else { known.map_or(556.0, |width| f64::from(*width)) }
}
