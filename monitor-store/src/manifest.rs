//! What a manifest says about workspaces, however it is written: as much of TOML as that needs.
//!
//! A reader of all of TOML would come into every test binary. This one knows tables, dotted, quoted and inline keys, strings of
//! all four kinds, arrays and comments; values of other kinds it only steps over.

/// What a manifest says about workspaces.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Manifest {
    pub is_workspace: bool,
    /// `workspace.members`: patterns.
    pub members: Vec<String>,
    /// `workspace.exclude`.
    pub exclude: Vec<String>,
    /// `package.workspace`.
    pub workspace: Option<String>,
}

/// Reads as far as the text is TOML, if it has anything to say.
pub(crate) fn parse(text: &str) -> Manifest {
    if !text.contains("workspace") {
        return Manifest::default();
    }
    let mut reader = Reader { rest: text.trim_start_matches('\u{feff}'), manifest: Manifest::default() };
    let _ = reader.document();
    reader.manifest
}

/// What is still to be read. A method answers `None` where the text is no TOML.
struct Reader<'a> {
    rest: &'a str,
    manifest: Manifest,
}

impl Reader<'_> {
    fn document(&mut self) -> Option<()> {
        let mut table = Vec::new();
        loop {
            self.skip_blank_lines();
            if self.rest.is_empty() {
                return Some(());
            }
            if self.takes("[") {
                let is_list = self.takes("[");
                table = self.key(&[])?;
                self.seen(&table);
                self.expects(if is_list { "]]" } else { "]" })?;
            } else {
                self.pair(&table)?;
            }
        }
    }

    fn pair(&mut self, table: &[String]) -> Option<()> {
        let key = self.key(table)?;
        self.seen(&key);
        self.expects("=")?;
        self.value(&key)
    }

    /// A key, below that of its table: `a.b."c d"`.
    fn key(&mut self, table: &[String]) -> Option<Vec<String>> {
        let mut key = table.to_vec();
        loop {
            self.skip_spaces();
            key.push(match self.rest.chars().next()? {
                '"' | '\'' => self.string()?,
                _ => {
                    let is_bare = |character: char| character.is_ascii_alphanumeric() || "_-".contains(character);
                    let end = self.rest.find(|character| !is_bare(character)).unwrap_or(self.rest.len());
                    if end == 0 {
                        return None;
                    }
                    self.take(end).to_owned()
                }
            });
            self.skip_spaces();
            if !self.takes(".") {
                return Some(key);
            }
        }
    }

    fn value(&mut self, key: &[String]) -> Option<()> {
        self.skip_spaces();
        match self.rest.chars().next()? {
            '"' | '\'' => {
                let value = self.string()?;
                self.says(key, value);
            }
            '[' => return self.list("[", "]", |reader| reader.value(key)),
            '{' => return self.list("{", "}", |reader| reader.pair(key)),
            _ => {
                let end = self.rest.find([',', ']', '}', '#', '\n']).unwrap_or(self.rest.len());
                self.take(end);
            }
        }
        Some(())
    }

    fn list(&mut self, open: &str, close: &str, mut one: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.expects(open)?;
        loop {
            self.skip_blank_lines();
            if self.takes(close) {
                return Some(());
            }
            one(self)?;
            self.skip_blank_lines();
            if !self.takes(",") {
                return self.expects(close);
            }
        }
    }

    fn string(&mut self) -> Option<String> {
        for quote in ["\"\"\"", "'''", "'"] {
            if self.takes(quote) {
                // A line end right behind the quotes is none of the text's; no path has one.
                let end = self.rest.find(quote)?;
                let text = self.take(end).to_owned();
                self.expects(quote)?;
                return Some(text);
            }
        }
        self.expects("\"")?;
        let mut text = String::new();
        let mut characters = self.rest.char_indices();
        while let Some((at, character)) = characters.next() {
            match character {
                '"' => {
                    self.take(at + 1);
                    return Some(text);
                }
                '\n' => return None,
                '\\' => match characters.next()?.1 {
                    't' => text.push('\t'),
                    kind @ ('u' | 'U') => {
                        let digits = if kind == 'u' { 4 } else { 8 };
                        let code: String = characters.by_ref().take(digits).map(|(_, digit)| digit).collect();
                        text.push(char::from_u32(u32::from_str_radix(&code, 16).ok()?)?);
                    }
                    other => text.push(other),
                },
                other => text.push(other),
            }
        }
        None
    }

    fn seen(&mut self, key: &[String]) {
        self.manifest.is_workspace |= key.first().is_some_and(|first| first == "workspace");
    }

    fn says(&mut self, key: &[String], value: String) {
        match key.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            ["workspace", "members"] => self.manifest.members.push(value),
            ["workspace", "exclude"] => self.manifest.exclude.push(value),
            ["package", "workspace"] => self.manifest.workspace = Some(value),
            _ => {}
        }
    }

    fn take(&mut self, length: usize) -> &str {
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        taken
    }

    fn takes(&mut self, text: &str) -> bool {
        let rest = self.rest.strip_prefix(text);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn expects(&mut self, text: &str) -> Option<()> {
        self.takes(text).then_some(())
    }

    fn skip_spaces(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t']);
    }

    /// Spaces, line ends and comments.
    fn skip_blank_lines(&mut self) {
        loop {
            self.rest = self.rest.trim_start_matches([' ', '\t', '\r', '\n']);
            if !self.rest.starts_with('#') {
                return;
            }
            self.rest = self.rest.find('\n').map_or("", |end| &self.rest[end..]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_workspace_is_known_however_it_is_written() {
        for text in [
            "[workspace]\nmembers = ['a']\nexclude = [\n  \"old\", # b\n  'vendored/x',\n]\nresolver = \"3\"\n",
            "workspace.members = [\"a\"]\nworkspace.exclude = [\"old\", \"vendored/x\"]\n[package]\nname = \"x\"\n",
            "workspace = { members = [\"a\"], exclude = [\"old\", \"vendored/x\"], resolver = \"3\" }\n",
            "workspace = { members = [\n\"a\" ], package.version = \"1\",\n exclude = [\"\\u006fld\", '''vendored/x'''], }",
            "\u{feff}[ \"workspace\" ] # c\r\nmembers = [\"a\"]\r\nexclude = [\"old\" , \"vendored/x\"]\r\n",
            "[profile.dev]\ndebug = 1\nx = 1979-05-27T07:32:00Z\n[workspace.lints]\nrust.a = { level = \"warn\" }\n[[bin]]\nname = \"[workspace]\"\n\
             [workspace]\nmembers = [\"a\"]\nexclude = [\"old\", \"vendored/x\"]",
        ] {
            let expected = Manifest {
                is_workspace: true,
                members: vec!["a".to_owned()],
                exclude: vec!["old".to_owned(), "vendored/x".to_owned()],
                workspace: None,
            };
            assert_eq!(parse(text), expected, "{text}");
        }
    }

    #[test]
    fn a_member_is_none() {
        let there = Manifest { workspace: Some("../..".to_owned()), ..Manifest::default() };
        for text in [
            "[package]\nname = \"a\"\nworkspace = \"../..\" # there\n\n[dependencies]\nexclude = \"1\"\n",
            "package.workspace = '../..'\n[dependencies]\nx.workspace = true\n",
            "package = { name = \"a\", workspace = \"../..\" }\n",
        ] {
            assert_eq!(parse(text), there, "{text}");
        }
        for text in [
            "[package]\nname = \"a\"\nversion.workspace = true\n[dependencies]\nx = { workspace = true }\n",
            "[package]\ndescription = \"\"\"\n[workspace]\n\"\"\"\nkeywords = [\"[workspace]\"]\n# [workspace]\n",
            "",
            "<html>\n[workspace]\n",
        ] {
            assert_eq!(parse(text), Manifest::default(), "{text}");
        }
    }
}
