//! Which sessions are closed: those that the servers list now, or remembered ones after a look at how they are now.

use std::collections::BTreeSet;
use std::io::IsTerminal as _;
use std::sync::Arc;

use pssession::Connector;
use pssession::session::{Selection, Transport};
use pssession::store::Rows;
use pssession::teardown::{Requirement, RunSummary, Survey};
use pssession::wsman::ShellId;

use super::Run;
use crate::cli::commands::connectors::Connectors;
use crate::cli::commands::unmatched::{self, MissRule};
use crate::cli::commands::{confirm, listing, resolve};
use crate::cli::diagnostic::Diagnostic;
use crate::cli::render::{plural, printable};
use crate::cli::resolve_options::{remembered_query, state_accounts};

/// What is to be closed, and the servers that were asked about it.
pub(super) struct Prepared {
    pub(super) chosen: Rows,
    pub(super) survey: Survey,
    pub(super) summary: RunSummary,
    /// A person said no to all of it.
    pub(super) declined: bool,
}

impl Run<'_> {
    /// Asks the named servers, and chooses from what they say.
    pub(super) async fn choose_from_servers(
        &self,
        connectors: &mut Connectors<'_>,
    ) -> Result<Prepared, Diagnostic> {
        if self.args.supervised {
            self.watch.interrupt_at_end_of_stdin();
        }
        confirm::can_ask(self.args, self.watch)?;
        let wanted = |_: &str| listing::wanted_by(&self.query);
        let mut survey = self.survey(connectors.for_servers().await?, wanted).await;
        let by_id = !self.args.select.id.is_empty();
        let table = self.table.as_ref();
        let mut rows = listing::sessions(&survey, table, self.reach, by_id, self.output.errors).await?;
        let mut unlisted_commands = 0;
        if self.args.select.skip_running {
            unlisted_commands = self.list_commands(&mut survey, &mut rows).await;
        }
        let mut selection = self.query.select(rows.sessions());
        unmatched::report_left_out(&selection, rows.sessions(), self.output.errors);
        listing::forgive(&survey, &mut selection);
        let selected = self.miss_rule().summary(&selection);
        let selected = RunSummary { unlisted_commands, ..selected };
        let summary = listing::answered(&survey, selected, self.cancellation);
        let nothing = listing::nothing(&survey, rows.len());
        let summary = self.judge(&selection, &[], summary, nothing, true)?;
        let mut chosen = rows.into_picked(&selection.chosen);
        if !self.args.yes && !self.args.select.skip_running && !summary.could_not_begin {
            // Only then can the guard, the plan and the questions say what runs.
            self.list_commands(&mut survey, &mut chosen).await;
        }
        Ok(Prepared { chosen, survey, summary, declined: false })
    }

    /// Chooses from what is remembered, and then asks the servers of the chosen sessions how these are now.
    pub(super) async fn choose_from_memory(
        &self,
        connectors: &mut Connectors<'_>,
    ) -> Result<Prepared, Diagnostic> {
        let scope = &self.scope;
        let query = remembered_query(&self.args.select)?;
        let table = self.table.as_ref();
        let mut recalled = {
            let _open = self.watch.reading();
            resolve::recall(scope, &query, table, &self.reach.naming, self.output.style()).await?
        };
        if self.args.supervised {
            self.watch.interrupt_at_end_of_stdin();
        }
        state_accounts(&mut recalled.rows, &self.args.reach.login, &self.reach.naming)?;
        let selection = recalled.select(&query);
        unmatched::report_left_out(&selection, recalled.rows.sessions(), self.output.errors);
        let survey = Survey::default();
        let mut summary = self.miss_rule().summary(&selection);
        summary.literal_misses += recalled.unbound.len();
        let nothing = match selection.chosen.is_empty() {
            true => Some(resolve::nothing(scope, &recalled, table).await?),
            false => None,
        };
        let must_match = !recalled.nothing_asked;
        let unbound = std::mem::take(&mut recalled.unbound);
        let summary = self.judge(&selection, &unbound, summary, nothing, must_match)?;
        let chosen = recalled.rows.into_picked(&selection.chosen);
        let select = &self.args.select;
        let only_shown = self.args.what_if && !select.skip_running && select.keep_newest.is_none();
        if summary.could_not_begin || chosen.is_empty() || only_shown {
            return Ok(Prepared { chosen, survey, summary, declined: false });
        }
        confirm::can_ask(self.args, self.watch)?;
        if !self.trusts(&chosen).await? {
            return Ok(Prepared { chosen, survey, summary, declined: true });
        }
        let connectors = connectors.for_rows(&chosen).await?;
        self.ask_again(chosen, connectors, summary).await
    }

    /// Asks the servers how the chosen sessions are now. One that is no longer what was asked for is left out.
    async fn ask_again(
        &self,
        mut chosen: Rows,
        connectors: Vec<Arc<dyn Connector>>,
        summary: RunSummary,
    ) -> Result<Prepared, Diagnostic> {
        let wanted = |url: &str| {
            let there = chosen.sessions().iter().filter(|session| session.endpoint_url == url);
            there.map(|session| session.shell.shell_id.clone()).collect()
        };
        let mut survey = self.survey(connectors, wanted).await;
        if let Some(table) = &self.table {
            // What was learned is kept; that it could not be is told, and stops nobody.
            let merged = table.merge(&survey, |endpoint| self.reach.settings(endpoint).auth).await;
            merged.map(drop).unwrap_or_else(|diagnostic| diagnostic.emit(self.output.errors));
        }
        for session in chosen.sessions_mut() {
            session.commands = None;
            if self.args.select.keep_newest.is_some() {
                // What is gone or cannot be asked takes no place among those that are kept.
                session.shell.shell_run_time = None;
            }
        }
        survey.refresh(chosen.sessions_mut());
        let mut unlisted_commands = 0;
        if !self.args.yes || self.args.select.skip_running {
            unlisted_commands = self.list_commands(&mut survey, &mut chosen).await;
        }
        let (still, changed): (Vec<_>, Vec<_>) =
            chosen.into_iter().partition(|row| self.query.admits(&row.session));
        for row in &changed {
            let why = match row.session.commands {
                None if self.args.select.skip_running => "it is unknown whether a command is running",
                _ => "it no longer matches",
            };
            self.output.say(&format!(
                "skipping {} on {}: {why}",
                printable(row.session.name().unwrap_or(row.session.shell.shell_id.as_str())),
                printable(&row.session.computer_name),
            ))?;
        }
        let still: Rows = still.into_iter().collect();
        let older = self.query.without_newest(still.sessions());
        let kept = still.len() - older.len();
        let older = still.into_picked(&older);
        let required = self.require(summary.required, older.len(), kept)?;
        let summary = RunSummary { hits: older.len(), required, unlisted_commands, ..summary };
        let summary = listing::answered(&survey, summary, self.cancellation);
        Ok(Prepared { chosen: older, survey, summary, declined: false })
    }

    /// Lists what runs in the sessions. Returns how many could not be asked and are left out for it; where no more than
    /// the guard wants to know, a failure changes nothing.
    async fn list_commands(&self, survey: &mut Survey, rows: &mut Rows) -> usize {
        let unlisted = self.engine.list_commands(survey, rows.sessions_mut()).await;
        if !self.args.select.skip_running {
            return 0;
        }
        let consequence = "commands may be running, so --skip-running excludes them";
        listing::report_unlisted_commands(survey, &unlisted, consequence, self.output.errors)
    }

    async fn survey(
        &self,
        connectors: Vec<Arc<dyn Connector>>,
        wanted: impl Fn(&str) -> Vec<ShellId>,
    ) -> Survey {
        let (cancellation, errors) = (self.cancellation, self.output.errors);
        let survey = listing::survey(&self.engine, connectors, wanted, cancellation, errors).await;
        self.report_writer.surveyed(&survey, self.cancellation);
        survey
    }

    /// Tells what was missed, and decides whether that ends it.
    fn judge(
        &self,
        selection: &Selection,
        unbound: &[(usize, Diagnostic)],
        summary: RunSummary,
        nothing: Option<String>,
        must_match: bool,
    ) -> Result<RunSummary, Diagnostic> {
        self.report_writer.selected(selection);
        let must_match = must_match && self.output.must_match() && !self.args.ignore_not_found;
        let required = must_match.then_some(Requirement::Present);
        let advice = resolve::advice(&self.scope);
        // A script that was written for PowerShell sees what PowerShell prints; a person gets more.
        let advice = advice.filter(|_| self.output.must_match() || std::io::stderr().is_terminal());
        let mut summary = RunSummary { required, ..summary };
        let only_first = self.output.only_first_miss();
        let (rule, errors) = (self.miss_rule(), self.output.errors);
        unmatched::report(selection, unbound, rule, unmatched::missed, advice, only_first, errors);
        summary.required = self.require(required, summary.hits, selection.kept)?;
        if summary.hits + selection.kept == 0 && summary.literal_misses == 0 {
            self.output.nothing(nothing, required.is_some())?;
        }
        summary.could_not_begin = unmatched::stop_it(self.args.error_action, &summary, self.watch)?;
        if summary.could_not_begin {
            self.output.say("nothing was closed, because some of the given sessions do not exist")?;
        }
        Ok(summary)
    }

    fn miss_rule(&self) -> MissRule {
        MissRule::of(self.output.style(), self.args.ignore_not_found)
    }

    /// What must have matched: nothing more where all that was found is kept, for then all is as it should be.
    fn require(
        &self,
        required: Option<Requirement>,
        hits: usize,
        kept: usize,
    ) -> Result<Option<Requirement>, Diagnostic> {
        if hits > 0 || kept == 0 {
            return Ok(required);
        }
        self.output.say(&format!(
            "nothing to close: none of {} is known to be older than the sessions kept",
            plural(kept, "session")
        ))?;
        Ok(None)
    }

    /// Whether a credential may be sent to where these sessions are said to be: to the servers that were named, to those
    /// that were listed before, and else only if a person says so.
    async fn trusts(&self, chosen: &Rows) -> Result<bool, Diagnostic> {
        let named = self.reach.named();
        let over_ws_man = chosen.sessions().iter().filter(|session| session.transport == Transport::WsMan);
        let urls: BTreeSet<_> = over_ws_man.map(|session| session.endpoint_url.clone()).collect();
        let urls: Vec<_> = urls.into_iter().filter(|url| !named.contains(url)).collect();
        let strangers = match &self.table {
            Some(table) => table.strangers(urls).await?,
            None => urls,
        };
        if strangers.is_empty() { Ok(true) } else { confirm::trust(&strangers, self.watch) }
    }
}
