//! What a module imports and exports, and the rest of it.
//!
//! A statement of either kind begins at the beginning of a line and ends with a semicolon at the end of one, as all code
//! here is written. Comments that stand on lines of their own are left out: they are a third of what would travel.

/// A module, taken apart.
#[derive(Debug, Default)]
pub(super) struct Module {
    /// Each specifier and what it is bound to, in their order.
    pub(super) imports: Vec<(String, Bound)>,
    pub(super) exports: Vec<Export>,
    /// All else.
    pub(super) body: String,
}

/// What an import binds.
#[derive(Debug)]
pub(super) enum Bound {
    /// `import './x.js'`
    Nothing,
    /// `import * as name from './x.js'`
    All(String),
    /// `import { a, b as c } from './x.js'`, as a pattern: `a, b: c`
    Names(String),
}

/// `export { local as name } from 'from'`
#[derive(Debug)]
pub(super) struct Export {
    pub(super) local: String,
    pub(super) name: String,
    pub(super) from: Option<String>,
}

impl Module {
    /// Nothing where something is written in another way than all code here.
    pub(super) fn parse(source: &str) -> Option<Self> {
        let mut module = Self::default();
        let mut statement = String::new();
        let mut is_comment = false;
        for mut line in source.lines() {
            if is_comment || line.trim_start().starts_with("/**") {
                let Some((_, rest)) = line.split_once("*/") else {
                    is_comment = true;
                    continue;
                };
                is_comment = false;
                line = rest;
                if line.trim().is_empty() {
                    continue;
                }
            }
            let begins = ["import ", "export {", "export *"].iter().any(|words| line.starts_with(words));
            if begins || !statement.is_empty() {
                statement.push_str(line);
                statement.push(' ');
                if line.ends_with(';') {
                    module.take(statement.trim().trim_end_matches(';'))?;
                    statement.clear();
                }
                continue;
            }
            let declared = line.strip_prefix("export ");
            if let Some(declaration) = declared {
                let name = declared_name(declaration)?.to_owned();
                module.exports.push(Export { local: name.clone(), name, from: None });
            }
            module.body.push_str(declared.unwrap_or(line));
            module.body.push('\n');
        }
        (statement.is_empty() && !module.exports_what_changes()).then_some(module)
    }

    /// The specifiers of all that must have run before.
    pub(super) fn dependencies(&self) -> impl Iterator<Item = &str> {
        let exported = self.exports.iter().filter_map(|export| export.from.as_deref());
        self.imports.iter().map(|(specifier, _)| specifier.as_str()).chain(exported)
    }

    /// Takes in an import, or an export of names.
    fn take(&mut self, statement: &str) -> Option<()> {
        let (before, specifier) = match statement.strip_suffix('\'') {
            Some(quoted) => {
                quoted.rsplit_once('\'').map(|(before, specifier)| (before.trim(), Some(specifier.to_owned())))?
            }
            None => (statement, None),
        };
        let words = before.strip_suffix(" from").unwrap_or(before);
        if let Some(names) = words.strip_prefix("export ") {
            for (local, name) in names_in(names)? {
                self.exports.push(Export { local: local.into(), name: name.into(), from: specifier.clone() });
            }
            return Some(());
        }
        let bound = match words.strip_prefix("import")?.trim() {
            "" => Bound::Nothing,
            words => match words.strip_prefix("* as ") {
                Some(name) => Bound::All(name.into()),
                None => {
                    let pairs = names_in(words)?.map(|(theirs, ours)| match theirs == ours {
                        true => ours.to_owned(),
                        false => format!("{theirs}: {ours}"),
                    });
                    Bound::Names(pairs.collect::<Vec<_>>().join(", "))
                }
            },
        };
        self.imports.push((specifier?, bound));
        Some(())
    }

    /// An exported `let` is seen to change by who imports it; the copies made here would not.
    fn exports_what_changes(&self) -> bool {
        let changes = |name: &str| self.body.lines().any(|line| line.starts_with("let ") && declared_as(line, name));
        self.exports.iter().any(|export| export.from.is_none() && changes(&export.local))
    }
}

fn declared_as(line: &str, name: &str) -> bool {
    line.split(|letter: char| !(letter.is_alphanumeric() || "_$".contains(letter))).any(|word| word == name)
}

/// The name that an exported declaration gives, if it can give no other value to it later.
fn declared_name(declaration: &str) -> Option<&str> {
    let kinds = ["const ", "function ", "async function ", "function* ", "class "];
    let rest = kinds.iter().find_map(|kind| declaration.strip_prefix(kind))?;
    let name = rest.split(|letter: char| !(letter.is_alphanumeric() || "_$".contains(letter))).next()?;
    (!name.is_empty()).then_some(name)
}

/// `{ a, b as c }` as `(a, a)` and `(b, c)`.
fn names_in(braced: &str) -> Option<impl Iterator<Item = (&str, &str)>> {
    let names = braced.trim().strip_prefix('{')?.strip_suffix('}')?;
    let pairs = names.split(',').map(str::trim).filter(|name| !name.is_empty());
    Some(pairs.map(|name| name.split_once(" as ").unwrap_or((name, name))))
}
