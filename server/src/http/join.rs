//! One script out of many modules: all that one imports, however deep, each once, in the order a browser would run them.
//!
//! A browser knows of a module only when it has read who imports it, and over HTTP/1.1 it asks for six at a time: on a
//! phone with a round trip of 150 ms thirty small modules made a page usable after 1.7 s though all were announced in its
//! head, joined after 0.9 s. The modules stay as they are, at addresses of their own; each becomes a function here:
//!
//! ```js
//! const $$1 = await (async () => {
//! const { address } = $$0;
//! …
//! return { loadEvent, loadEvents };
//! })();
//! ```
//!
//! What is read of JavaScript is what imports and exports look like at the beginning of a line. What is not understood is
//! not joined: a circle, `export let` and `export default`, `export *`.

mod module;

use std::collections::HashMap;
use std::fmt::Write;

use bytes::Bytes;

use self::module::{Bound, Export, Module};

/// Where the files of `client-js/` are served.
pub(super) const ROOT: &str = "/client/";

/// The module at `entry` and all that it imports, as one module with the same exports; `read` gives a file.
pub(super) fn joined(entry: &str, read: impl Fn(&str) -> Option<Bytes>) -> Option<String> {
    Joiner { read, places: HashMap::new(), held: None, script: String::new() }.join(entry)
}

/// The same with the module at `held` in it, which a module of it may import later: it need not be asked for then.
pub(super) fn joined_with(entry: &str, held: &str, read: impl Fn(&str) -> Option<Bytes>) -> Option<String> {
    let mut joiner = Joiner { read, places: HashMap::new(), held: Some(held.to_owned()), script: String::new() };
    joiner.add(held)?;
    joiner.join(entry)
}

struct Joiner<Read> {
    read: Read,
    /// By path: the number of a module that is written, or nothing while what it imports is being written.
    places: HashMap<String, Option<usize>>,
    /// The path of a module that is written before anybody imports it.
    held: Option<String>,
    script: String,
}

impl<Read: Fn(&str) -> Option<Bytes>> Joiner<Read> {
    fn join(mut self, entry: &str) -> Option<String> {
        let module = self.load(entry)?;
        self.begin(entry, &module)?;
        for Export { local, name, from } in &module.exports {
            match from {
                None => writeln!(self.script, "export {{ {local} as {name} }};").ok()?,
                Some(from) => {
                    let place = self.place(entry, from)?;
                    writeln!(self.script, "export const {{ {local}: {name} }} = $${place};").ok()?;
                }
            }
        }
        Some(self.script)
    }

    /// Reads a module and writes all that it imports.
    fn load(&mut self, path: &str) -> Option<Module> {
        let module = Module::parse(std::str::from_utf8(&(self.read)(path)?).ok()?)?;
        self.places.insert(path.to_owned(), None);
        for specifier in module.dependencies() {
            let path = beside(path, specifier)?;
            match self.places.get(&path) {
                Some(Some(_)) => {}
                // A circle.
                Some(None) => return None,
                None => self.add(&path)?,
            }
        }
        Some(module)
    }

    /// Writes a module as a function that gives its exports.
    fn add(&mut self, path: &str) -> Option<()> {
        let module = self.load(path)?;
        let place = self.places.values().flatten().count();
        writeln!(self.script, "const $${place} = await (async () => {{").ok()?;
        self.begin(path, &module)?;
        let mut given = Vec::new();
        for Export { local, name, from } in &module.exports {
            given.push(match from {
                None => format!("{name}: {local}"),
                Some(from) => format!("{name}: $${}.{local}", self.place(path, from)?),
            });
        }
        writeln!(self.script, "return {{ {} }};\n}})();", given.join(", ")).ok()?;
        self.places.insert(path.to_owned(), Some(place));
        Some(())
    }

    /// Writes what a module imports, and what it does.
    fn begin(&mut self, path: &str, module: &Module) -> Option<()> {
        writeln!(self.script, "// {path}").ok()?;
        for (specifier, bound) in &module.imports {
            let place = self.place(path, specifier)?;
            match bound {
                Bound::Nothing => {}
                Bound::All(name) => writeln!(self.script, "const {name} = $${place};").ok()?,
                Bound::Names(names) => writeln!(self.script, "const {{ {names} }} = $${place};").ok()?,
            }
        }
        // Both mean the module's own address, which is no longer that of the script.
        let own = format!("new URL('{ROOT}{path}', import.meta.url).href");
        let mut body = module.body.replace("import.meta.url", &own);
        if body.contains("import(") {
            body = body.replace("import(", "$$import(");
            let held = self.held.as_ref().and_then(|held| Some((held, (*self.places.get(held)?)?)));
            let held =
                held.map(|(held, place)| format!("new URL(path, {own}).pathname === '{ROOT}{held}' ? $${place} : "));
            writeln!(
                self.script,
                "const $$import = async (path) => {}import(new URL(`${{path}}?joined`, {own}).href);",
                held.unwrap_or_default()
            )
            .ok()?;
        }
        self.script.push_str(&body);
        Some(())
    }

    fn place(&self, path: &str, specifier: &str) -> Option<usize> {
        *self.places.get(&beside(path, specifier)?)?
    }
}

/// The path that `specifier` means in the module at `path`; a name that is no path is not ours to find.
fn beside(path: &str, specifier: &str) -> Option<String> {
    if !specifier.starts_with('.') {
        return specifier.strip_prefix(ROOT).map(str::to_owned);
    }
    let mut folders: Vec<&str> = path.split('/').collect();
    folders.pop();
    for step in specifier.split('/') {
        match step {
            "." => {}
            ".." => drop(folders.pop()?),
            name => folders.push(name),
        }
    }
    Some(folders.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn join(files: &[(&str, &'static str)]) -> Option<String> {
        joined(files[0].0, |path| {
            files.iter().find(|(name, _)| *name == path).map(|(_, source)| Bytes::from_static(source.as_bytes()))
        })
    }

    #[test]
    fn each_module_stands_once_before_all_that_import_it() {
        let script = join(&[
            ("pages/a.js", "import { b } from '../src/b.js';\nimport './c.js';\nconst x = b();\nexport { x as y };\n"),
            (
                "src/b.js",
                "import * as all from '../pages/c.js';\nexport { c } from '../pages/c.js';\nexport const b = () => all;\n",
            ),
            ("pages/c.js", "export async function c() {}\nexport class D {}\n"),
        ]);
        let wanted = "\
const $$0 = await (async () => {
// pages/c.js
async function c() {}
class D {}
return { c: c, D: D };
})();
const $$1 = await (async () => {
// src/b.js
const all = $$0;
const b = () => all;
return { c: $$0.c, b: b };
})();
// pages/a.js
const { b } = $$1;
const x = b();
export { x as y };
";
        assert_eq!(script.unwrap(), wanted);
    }

    #[test]
    fn a_module_is_still_beside_what_it_loads_later() {
        let script =
            join(&[("pages/a.js", "const word = await import('./lang/fr.js');\nlog(import.meta.url);\n")]).unwrap();
        let own = "new URL('/client/pages/a.js', import.meta.url).href";
        assert!(
            script.contains(&format!(
                "const $$import = async (path) => import(new URL(`${{path}}?joined`, {own}).href);"
            ))
        );
        assert!(script.contains("const word = await $$import('./lang/fr.js');"), "{script}");
        assert!(script.contains(&format!("log({own});")), "{script}");
    }

    #[test]
    fn a_module_that_is_held_is_there_when_it_is_asked_for() {
        let files = [
            ("a.js", "const { hi } = await import(`./lang/${'fr'}.js`);\n"),
            ("lang/fr.js", "export const hi = 'salut';\n"),
        ];
        let read = |path: &str| {
            files.iter().find(|(name, _)| *name == path).map(|(_, source)| Bytes::from_static(source.as_bytes()))
        };
        let script = joined_with("a.js", "lang/fr.js", read).unwrap();
        let own = "new URL('/client/a.js', import.meta.url).href";
        let wanted = format!(
            "\
const $$0 = await (async () => {{
// lang/fr.js
const hi = 'salut';
return {{ hi: hi }};
}})();
// a.js
const $$import = async (path) => new URL(path, {own}).pathname === '/client/lang/fr.js' ? $$0 : \
             import(new URL(`${{path}}?joined`, {own}).href);
const {{ hi }} = await $$import(`./lang/${{'fr'}}.js`);
"
        );
        assert_eq!(script, wanted);
        assert_eq!(joined_with("a.js", "lang/nl.js", read), None);
    }

    #[test]
    fn what_is_not_understood_is_not_joined() {
        for files in [
            &[
                ("a.js", "import { b } from './b.js';\n"),
                ("b.js", "import { a } from './a.js';\nexport const b = a;\n"),
            ][..],
            &[("a.js", "import { b } from './missing.js';\n")],
            &[("a.js", "import { b } from 'a-package';\n")],
            &[("a.js", "export let counter = 0;\n")],
            &[("a.js", "let counter = 0;\nexport { counter };\n")],
            &[("a.js", "export default 7;\n")],
            &[("a.js", "import it from './b.js';\n"), ("b.js", "")],
            &[("a.js", "export * from './b.js';\n"), ("b.js", "")],
            &[("a.js", "import { b } from './b.js'\n"), ("b.js", "")],
        ] {
            assert_eq!(join(files), None, "{files:?}");
        }
    }
}
