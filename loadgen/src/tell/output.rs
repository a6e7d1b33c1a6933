//! Where reports go: standard output has the text unless another form is asked for; each `-o` makes a file besides.

mod csv;
mod hdr;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

pub(crate) use self::hdr::{NotALog, Tagged, read as read_hdr, write_tagged as write_hdr};
use crate::record::{self, Record};
use crate::tell::{html, report};

/// What a report may look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people on a terminal.
    Text,
    /// The whole record, which `report`, `merge`, `compare` and `model` read.
    Json,
    /// One row for each phase, metric and statistic.
    Csv,
    /// HdrHistogram interval log, microseconds, one tagged histogram for each phase and metric.
    Hdr,
    /// One self-contained page with plots.
    Html,
}

/// What to make of a record.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "What is told")]
pub(crate) struct OutputArgs {
    /// A report in a file, as often as you like; its form is that of the name's end: .json, .csv, .hdr, .html, .txt.
    #[arg(id = "outputs", short = 'o', long = "output", value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,

    /// What standard output gets, or the files whose names do not tell.
    #[arg(long, value_name = "FORM", value_enum)]
    pub(crate) output_format: Option<Format>,

    /// The same as -o FILE.html.
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
}

/// Why a report will not come to be.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unwritable {
    #[error("{}: end it in .json, .csv, .hdr, .html or .txt, or say --output-format", .0.display())]
    Shapeless(PathBuf),
    #[error("{}: there is no folder {}", .0.display(), .1.display())]
    NoFolder(PathBuf, PathBuf),
}

impl OutputArgs {
    /// Every file with its form, before the run: an hour's run shall not end in a usage error.
    pub(crate) fn files(&self) -> Result<Vec<(&Path, Format)>, Unwritable> {
        let page = self.html.as_deref().map(|path| Ok((path, Format::Html)));
        let named = self.files.iter().map(|path| {
            let format = of_name(path).or(self.output_format).ok_or_else(|| Unwritable::Shapeless(path.clone()))?;
            Ok((path.as_path(), format))
        });
        let files: Vec<(&Path, Format)> = named.chain(page).collect::<Result<_, _>>()?;
        let folder = |path: &Path| path.parent().filter(|folder| !folder.as_os_str().is_empty()).map(Path::to_owned);
        let lost = |path: &Path| folder(path).filter(|folder| !folder.is_dir());
        match files.iter().find_map(|(path, _)| Some((*path, lost(path)?))) {
            Some((path, folder)) => Err(Unwritable::NoFolder(path.to_owned(), folder)),
            None => Ok(files),
        }
    }

    /// Writes them all; the form of standard output is text if a file got the one that was asked for.
    pub(crate) fn write(&self, record: &Record) -> io::Result<()> {
        for (path, format) in self.files().map_err(io::Error::other)? {
            let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
            let mut file = BufWriter::new(File::create(path).map_err(named)?);
            write(&mut file, record, format).and_then(|()| file.flush()).map_err(named)?;
        }
        let shown = self.output_format.filter(|_| self.files.is_empty()).unwrap_or(Format::Text);
        write(&mut io::stdout().lock(), record, shown)
    }
}

fn write(out: &mut impl Write, record: &Record, format: Format) -> io::Result<()> {
    match format {
        Format::Text => report::write(out, record),
        Format::Json => record::write(out, record),
        Format::Csv => csv::write(out, record),
        Format::Hdr => hdr::write(out, record),
        Format::Html => html::write(out, record),
    }
}

fn of_name(path: &Path) -> Option<Format> {
    match path.extension()?.to_str()? {
        "txt" | "text" => Some(Format::Text),
        "json" => Some(Format::Json),
        "csv" => Some(Format::Csv),
        "hdr" | "hlog" => Some(Format::Hdr),
        "html" | "htm" => Some(Format::Html),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_s_form_is_its_name_s_end_or_what_was_said() {
        let args = |files: &[&str], output_format| OutputArgs {
            files: files.iter().map(PathBuf::from).collect(),
            output_format,
            html: Some("page".into()),
        };
        let forms =
            |args: &OutputArgs| args.files().map(|files| files.iter().map(|(_, form)| *form).collect::<Vec<_>>());
        assert_eq!(forms(&args(&["a.json", "b.hlog"], None)).unwrap(), [Format::Json, Format::Hdr, Format::Html]);
        assert_eq!(forms(&args(&["a"], Some(Format::Csv))).unwrap(), [Format::Csv, Format::Html]);
        assert!(forms(&args(&["a"], None)).unwrap_err().to_string().starts_with("a: end it in"));
        let nowhere = args(&["/no/such/folder/a.json"], None);
        assert_eq!(
            nowhere.files().unwrap_err().to_string(),
            "/no/such/folder/a.json: there is no folder /no/such/folder"
        );
    }
}
