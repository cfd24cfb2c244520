//! The files that streams become: most are a file each, and some continue the file of an earlier stream.

use super::chunk::{Chunk, Piece};

/// Which stream is written to which file.
#[derive(Debug)]
pub(super) struct Outputs {
    /// The paths of the files, in the order of their first streams.
    pub(super) paths: Vec<String>,
    /// The file of each stream, by its place.
    files: Vec<usize>,
}

impl Outputs {
    /// Takes the paths of streams. A path that is there again is that of a stream that continues the file.
    pub(super) fn of(streams: &[String]) -> Self {
        let (mut paths, mut files): (Vec<String>, Vec<usize>) = (Vec::new(), Vec::new());
        for stream in streams {
            let known = paths.iter().position(|path| path == stream);
            files.push(known.unwrap_or(paths.len()));
            paths.extend(known.is_none().then(|| stream.clone()));
        }
        Self { paths, files }
    }

    /// Returns whether some stream continues the file of another.
    pub(super) fn has_later(&self) -> bool {
        self.paths.len() < self.files.len()
    }

    /// Lists the places of the streams that begin files, in the order of the files.
    pub(super) fn first_streams(&self) -> impl Iterator<Item = usize> {
        (0..self.files.len()).filter(|stream| !self.is_later(*stream))
    }

    fn is_later(&self, stream: usize) -> bool {
        self.files[..stream].contains(&self.files[stream])
    }

    /// Takes what belongs into streams that continue files out of a chunk; nothing where there is none.
    pub(super) fn take_later(&self, chunk: &mut Chunk) -> Option<Chunk> {
        let mut later: Vec<Piece> = Vec::new();
        for (stream, piece) in chunk.streams.iter_mut().enumerate() {
            later.push(if self.is_later(stream) { std::mem::take(piece) } else { Piece::default() });
        }
        let has_any = later.iter().any(|piece| !piece.bytes.is_empty());
        has_any.then(|| Chunk { streams: later, part: chunk.part, ..Chunk::default() })
    }

    /// Makes the pieces of a chunk those of files. A chunk that has something of a stream has nothing of one that
    /// continues it.
    pub(super) fn join(&self, chunk: &mut Chunk) {
        if self.has_later() {
            let mut pieces: Vec<Piece> = self.paths.iter().map(|_| Piece::default()).collect();
            for (piece, file) in std::mem::take(&mut chunk.streams).into_iter().zip(&self.files) {
                if !piece.bytes.is_empty() {
                    pieces[*file] = piece;
                }
            }
            chunk.streams = pieces;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(streams: [&str; 4]) -> Chunk {
        let piece = |text: &str| Piece { bytes: text.as_bytes().to_vec(), ..Piece::default() };
        Chunk { streams: streams.map(piece).into(), rows: 2, part: 7, ..Chunk::default() }
    }

    fn texts(chunk: &Chunk) -> Vec<&str> {
        chunk.streams.iter().map(|piece| str::from_utf8(&piece.bytes).unwrap()).collect()
    }

    #[test]
    fn streams_of_one_path_are_one_file_and_the_later_ones_wait() {
        let outputs = Outputs::of(&["rows", "a", "a", "list"].map(str::to_owned));
        assert_eq!(outputs.paths, ["rows", "a", "list"]);
        assert_eq!(outputs.first_streams().collect::<Vec<_>>(), [0, 1, 3]);
        let mut first = chunk(["r", "images", "annotations", "l"]);
        let mut later = outputs.take_later(&mut first).unwrap();
        assert_eq!((later.rows, later.part, first.rows), (0, 7, 2));
        outputs.join(&mut first);
        assert_eq!(texts(&first), ["r", "images", "l"]);
        outputs.join(&mut later);
        assert_eq!(texts(&later), ["", "annotations", ""]);
        assert!(outputs.take_later(&mut chunk(["r", "images", "", "l"])).is_none());
    }
}
