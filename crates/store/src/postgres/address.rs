//! Where a database is, and who asks.
//!
//! An address is a URL as `psql` takes it. Its password is in nothing that is shown: the address is shown without it.

use super::address_error::AddressError;
use super::tls::Encryption;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;
use tokio_postgres::Config;
use tokio_postgres::config::Host;

/// The address of a database.
#[derive(Clone)]
pub struct Address {
    config: Config,
    encryption: Encryption,
    shown: String,
}

/// What the environment says about who asks. The URL goes before it.
#[derive(Debug, Clone, Default)]
pub struct Credentials {
    /// The user.
    pub user: Option<String>,
    /// The password, in which case the file is not looked at.
    pub password: Option<String>,
    /// What is in the file of passwords: lines `host:port:database:user:password`.
    pub password_file: Option<String>,
}

/// How long a server may take to answer, unless the address says how long.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

impl Address {
    /// Returns whether a text looks like the address of a database.
    pub fn is_one(text: &str) -> bool {
        text.starts_with("postgres://") || text.starts_with("postgresql://")
    }

    /// Reads an address.
    pub fn parse(text: &str, credentials: &Credentials) -> Result<Self, AddressError> {
        let malformed = |reason: String| AddressError::Malformed { reason };
        if !Self::is_one(text) {
            return Err(malformed("it does not begin with postgres://".to_owned()));
        }
        let (url, mode, certificates) = split_encryption(text);
        let mut config: Config = url.parse().map_err(|error: tokio_postgres::Error| {
            let source = std::error::Error::source(&error).map(ToString::to_string);
            malformed(source.unwrap_or_else(|| error.to_string()))
        })?;
        let encryption = Encryption::read(mode, certificates)?;
        config.ssl_mode(encryption.negotiation());
        if config.get_hosts().is_empty() {
            config.host("localhost");
        }
        if let (None, Some(user)) = (config.get_user(), &credentials.user) {
            config.user(user);
        }
        let Some(user) = config.get_user().map(str::to_owned) else {
            return Err(malformed("it names no user".to_owned()));
        };
        let database = config.get_dbname().unwrap_or(&user).to_owned();
        if config.get_password().is_none() {
            let in_file = || find_password(credentials.password_file.as_deref()?, &config, &user, &database);
            if let Some(password) = credentials.password.clone().or_else(in_file) {
                config.password(password);
            }
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        if config.get_application_name().is_none() {
            config.application_name("labelport");
        }
        keep_alive(&mut config);
        let shown = format!("postgres://{user}@{}/{database}", places(&config));
        Ok(Self { config, encryption, shown })
    }

    /// Returns the address without a password.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// Returns the address of the same database on another server, for the same user.
    pub(super) fn at(&self, host: &str, port: u16) -> Self {
        let mut config = Config::new();
        config.host(host).port(port).ssl_mode(self.encryption.negotiation());
        config.channel_binding(self.config.get_channel_binding());
        if let Some(user) = self.config.get_user() {
            config.user(user);
        }
        if let Some(password) = self.config.get_password() {
            config.password(password);
        }
        if let Some(database) = self.config.get_dbname() {
            config.dbname(database);
        }
        if let Some(options) = self.config.get_options() {
            config.options(options);
        }
        if let Some(name) = self.config.get_application_name() {
            config.application_name(name);
        }
        config.connect_timeout(self.config.get_connect_timeout().copied().unwrap_or(CONNECT_TIMEOUT));
        keep_alive(&mut config);
        let user = self.config.get_user().unwrap_or_default();
        let database = self.config.get_dbname().unwrap_or(user);
        let shown = format!("postgres://{user}@{}/{database}", places(&config));
        Self { config, encryption: self.encryption.clone(), shown }
    }

    pub(super) fn config(&self) -> &Config {
        &self.config
    }

    pub(super) fn encryption(&self) -> &Encryption {
        &self.encryption
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("Address").field(&self.shown).finish()
    }
}

/// Has a server that has gone without a word noticed within a minute and a half.
fn keep_alive(config: &mut Config) {
    config.keepalives_idle(Duration::from_secs(30)).keepalives_interval(Duration::from_secs(15)).keepalives_retries(4);
}

/// Returns whether the URL of a database has a password in it, as the client reads it.
pub fn has_password(text: &str) -> bool {
    let (url, ..) = split_encryption(text);
    url.parse::<Config>().is_ok_and(|config| config.get_password().is_some())
}

/// Takes what the client does not know about encryption out of a URL.
fn split_encryption(text: &str) -> (String, Option<&str>, Option<PathBuf>) {
    let Some((start, options)) = text.split_once('?') else { return (text.to_owned(), None, None) };
    let (mut mode, mut certificates, mut kept) = (None, None, Vec::new());
    for option in options.split('&') {
        match option.split_once('=') {
            Some(("sslmode", value)) => mode = Some(value),
            Some(("sslrootcert", value)) => certificates = Some(PathBuf::from(decoded(value))),
            _ => kept.push(option),
        }
    }
    let kept = kept.join("&");
    (if kept.is_empty() { start.to_owned() } else { format!("{start}?{kept}") }, mode, certificates)
}

/// Returns a text of a URL without its percent signs.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut decoded, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        let pair = text.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        match pair.and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            Some(byte) => {
                decoded.push(byte);
                at += 3;
            }
            None => {
                decoded.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

fn hosts(config: &Config) -> Vec<(String, u16)> {
    let ports = config.get_ports();
    let port = |index: usize| ports.get(index).or(ports.first()).copied().unwrap_or(5432);
    let name = |host: &Host| match host {
        Host::Tcp(name) => name.clone(),
        #[cfg(unix)]
        Host::Unix(folder) => folder.display().to_string(),
    };
    config.get_hosts().iter().enumerate().map(|(index, host)| (name(host), port(index))).collect()
}

fn places(config: &Config) -> String {
    let shown = hosts(config).into_iter().map(|(host, port)| match host.contains(':') {
        true => format!("[{host}]:{port}"),
        false => format!("{host}:{port}"),
    });
    shown.collect::<Vec<_>>().join(",")
}

/// Finds the password of a user in a file of passwords: the first line that fits counts, and `*` fits anything.
fn find_password(file: &str, config: &Config, user: &str, database: &str) -> Option<String> {
    let hosts = hosts(config);
    file.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
        let fields = fields(line);
        let [host, port, of_database, of_user, password] = &fields[..] else { return None };
        let fits = |field: &String, value: &str| field == "*" || field == value;
        let is_here = hosts.iter().any(|(name, number)| {
            // A socket is found under the name of the machine.
            let name = if name.starts_with('/') { "localhost" } else { name };
            fits(host, name) && fits(port, &number.to_string())
        });
        (is_here && fits(of_database, database) && fits(of_user, user)).then(|| password.clone())
    })
}

/// Splits a line at colons; a backslash takes the next character as it is.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        match character {
            ':' if fields.len() < 5 => fields.push(String::new()),
            '\\' => fields.last_mut().into_iter().for_each(|field| field.extend(characters.next())),
            other => fields.last_mut().into_iter().for_each(|field| field.push(other)),
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Address {
        Address::parse(text, &Credentials { user: Some("ana".to_owned()), ..Credentials::default() }).unwrap()
    }

    #[test]
    fn an_address_is_shown_without_its_password() {
        for (text, shown) in [
            ("postgres://bo:secret@db.example:6000/work", "postgres://bo@db.example:6000/work"),
            ("postgresql://bo@db.example", "postgres://bo@db.example:5432/bo"),
            ("postgres://db.example/work?sslmode=disable&password=secret", "postgres://ana@db.example:5432/work"),
            ("postgres:///work?host=/run/pg&port=6000", "postgres://ana@/run/pg:6000/work"),
            ("postgres://bo@db/work?p%61ssword=secret", "postgres://bo@db:5432/work"),
        ] {
            let address = parse(text);
            assert_eq!(address.shown(), shown);
            assert!(!format!("{address:?}").contains("secret"));
            assert_eq!(has_password(text), text.contains("secret"), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused_without_its_password() {
        for text in [
            "mysql://bo:secret@h/d",
            "postgres://bo:secret@h:port/d",
            "postgres://bo:secret@h/d?nonsense=1",
            "host=h password=secret",
        ] {
            let error = Address::parse(text, &Credentials::default()).unwrap_err().to_string();
            assert!(error.contains("postgres://user@host") && !error.contains("secret"), "{error}");
        }
        let error = Address::parse("postgres://a@h/d?sslmode=maybe", &Credentials::default()).unwrap_err();
        assert_eq!(error, AddressError::Encryption("maybe".to_owned()));
        let error = Address::parse("postgres://h/d", &Credentials::default()).unwrap_err().to_string();
        assert!(error.contains("names no user"), "{error}");
    }

    #[test]
    fn a_password_is_found_where_it_is_kept() {
        let file = "# comment\nother:*:*:*:no\ndb:5432:*:bo:a\\:b\\\\c:d\n*:*:work:*:any\n";
        let find = |text: &str| {
            let credentials = Credentials { password_file: Some(file.to_owned()), ..Credentials::default() };
            let address = Address::parse(text, &credentials).unwrap();
            address.config().get_password().map(|password| String::from_utf8_lossy(password).into_owned())
        };
        assert_eq!(find("postgres://bo@db/x").as_deref(), Some("a:b\\c:d"));
        assert_eq!(find("postgres://eve@db/work").as_deref(), Some("any"));
        assert_eq!(find("postgres://eve@db/x"), None);
        assert_eq!(find("postgres://bo:own@db/x").as_deref(), Some("own"));
    }
}
