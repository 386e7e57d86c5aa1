//! Manual pages: what clap knows of a command, and the sections that it does not know of.

mod cmdlet;

use std::io;

use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use super::exit;
use super::powershell::Cmdlet;

/// What the foot of a page says.
const SOURCE: &str = concat!("pssession ", env!("CARGO_PKG_VERSION"));

/// Where a page says what to set, and to what end.
const ENVIRONMENT: &[(&str, &str)] = &[
    ("PSSESSION_USER", "The account, unless --user names one."),
    ("PSSESSION_PASSWORD", "The password, unless --password-file or --password-command gives one."),
    ("PSSESSION_CONFIG", "The config file, unless --config names one."),
    ("PSSESSION_STORE", "The file of the local table, unless --store names one."),
    (
        "XDG_CONFIG_HOME",
        "The directory of the config otherwise; ~/.config if it is not set. On Windows it is %APPDATA%.",
    ),
    (
        "XDG_STATE_HOME",
        "The directory of the local table otherwise; ~/.local/state if it is not set. On Windows it is %LOCALAPPDATA%.",
    ),
    ("NO_COLOR", "If it is set, the output has no colors."),
];

const FILES: &[(&str, &str)] = &[
    (
        "$XDG_CONFIG_HOME/pssession/config.toml",
        "The config: default values of options for hosts by name or pattern ([[host]], name = \"web*\"): user, \
         account, workstation, auth, no-ntlm, spn, tls, port, ca-file, certificate-pin, tls-server-name, \
         password-file, password-command, \
         connect-timeout; and groups of hosts ([group]) for --on @NAME. It contains no password.",
    ),
    (
        "$XDG_STATE_HOME/pssession/sessions.db",
        "The local table of sessions, which gives each its Id. It contains no password.",
    ),
];

/// The heading in the help of a command below which its examples stand.
const EXAMPLES: &str = "Examples:\n";

/// A page and the name of its file.
pub(crate) struct Page {
    pub(crate) file: String,
    pub(crate) text: String,
}

/// All pages: first that of the command itself, then one for each subcommand, and for each cmdlet.
pub(crate) fn pages(command: Command) -> io::Result<Vec<Page>> {
    let mut command = command.disable_help_subcommand(true);
    command.build();
    let names: Vec<String> = names(&command);
    let commands = std::iter::once(&command).chain(command.get_subcommands()).map(|one| page(one, &names));
    let cmdlets = Cmdlet::ALL.into_iter().map(|one| Ok(cmdlet::page(one, &others(&names, one.name()))));
    commands.chain(cmdlets).collect()
}

/// The page of the command itself, or of the subcommand or cmdlet of this name or alias; `None` if there is none.
pub(crate) fn find(command: Command, name: Option<&str>) -> io::Result<Option<Page>> {
    let wanted = match name {
        None => "pssession.1".to_owned(),
        Some(name) => match (Cmdlet::named(name), command.find_subcommand(name)) {
            (Some(cmdlet), _) => format!("{}.1", cmdlet.name()),
            (None, Some(found)) => format!("pssession-{}.1", found.get_name()),
            (None, None) => return Ok(None),
        },
    };
    Ok(pages(command)?.into_iter().find(|page| page.file == wanted))
}

/// The names of all pages.
fn names(command: &Command) -> Vec<String> {
    let commands = std::iter::once(command).chain(command.get_subcommands()).map(title);
    commands.chain(Cmdlet::ALL.map(|cmdlet| cmdlet.name().to_owned())).collect()
}

/// All pages but this one, as a page refers to them.
fn others(names: &[String], own: &str) -> String {
    let others: Vec<String> =
        names.iter().filter(|name| *name != own).map(|name| format!("{name}(1)")).collect();
    others.join(", ")
}

fn title(command: &Command) -> String {
    command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned()
}

fn page(command: &Command, names: &[String]) -> io::Result<Page> {
    let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let plain = command.clone().after_help(None::<&str>).after_long_help(None::<&str>);
    // Pages are dated by nobody. An empty date has to be written as such, or what follows takes its place.
    let man = Man::new(plain).date("\"\"").source(SOURCE).manual("User Commands");
    let mut text = Vec::new();
    man.render(&mut text)?;
    let mut text = String::from_utf8(text).map_err(io::Error::other)?;
    text.push_str(&own_sections(command, &help, names).render());
    Ok(Page { file: man.get_filename(), text })
}

fn own_sections(command: &Command, help: &str, names: &[String]) -> Roff {
    let mut page = Roff::new();
    let (notes, examples) = help.split_once(EXAMPLES).unwrap_or((help, ""));
    let aliases: Vec<&str> = command.get_visible_aliases().collect();
    if !aliases.is_empty() {
        page.control("SH", ["ALIASES"]);
        page.text([roman(aliases.join(", "))]);
    }
    if !notes.trim().is_empty() {
        page.control("SH", ["NOTES"]);
        as_it_is(&mut page, notes);
    }
    page.control("SH", ["EXIT STATUS"]);
    terms(&mut page, exit::MEANINGS);
    page.control("SH", ["ENVIRONMENT"]);
    terms(&mut page, ENVIRONMENT);
    page.control("SH", ["FILES"]);
    terms(&mut page, FILES);
    page.control("SH", ["EXAMPLES"]);
    as_it_is(&mut page, examples);
    page.control("SH", ["SEE ALSO"]);
    page.text([roman(others(names, &title(command)))]);
    page
}

/// Lines that keep their breaks and blanks.
fn as_it_is(page: &mut Roff, lines: &str) {
    page.control("nf", []);
    for line in lines.trim_end().lines() {
        page.text([roman(line)]);
    }
    page.control("fi", []);
}

fn terms(page: &mut Roff, terms: &[(&str, &str)]) {
    for (term, meaning) in terms {
        page.control("TP", []);
        page.text([bold(*term)]);
        page.text([roman(*meaning)]);
    }
}
