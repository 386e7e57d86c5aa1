//! The shape of the database, and how an older one becomes the present one.

use rusqlite::{Connection, TransactionBehavior};

use super::error::{StoreErrorKind, StoreProblem};

/// Marks the file as ours, in its header: "PSSe".
pub(super) const APPLICATION_ID: u32 = 0x5053_5365;

/// What leads from each schema version to the next one, beginning with the empty database, which has version 0.
/// Never change one that was released: append.
pub(super) const MIGRATIONS: &[&str] = &[VERSION_1, VERSION_2];

const VERSION_1: &str = "
CREATE TABLE session (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    origin TEXT NOT NULL CHECK (origin IN ('Opened', 'Imported', 'Listed')),
    endpoint_url TEXT NOT NULL COLLATE NOCASE,
    shell_id TEXT NOT NULL COLLATE NOCASE CHECK (shell_id <> ''),
    resource_uri TEXT NOT NULL,
    computer_name TEXT NOT NULL,
    computer_type TEXT NOT NULL,
    port INTEGER NOT NULL,
    transport TEXT NOT NULL,
    name TEXT,
    owner TEXT,
    client_ip TEXT,
    process_id INTEGER,
    server_state TEXT,
    stated_state TEXT,
    stated_availability TEXT,
    idle_timeout_ms INTEGER,
    max_idle_timeout_ms INTEGER,
    shell_run_time_ms INTEGER,
    shell_inactivity_ms INTEGER,
    commands TEXT, -- a JSON array of ids; NULL if they were not listed
    vm_id TEXT,
    vm_name TEXT,
    container_id TEXT,
    session_id TEXT,
    user TEXT,
    auth TEXT,
    seen_by TEXT NOT NULL,
    seen_at_ms INTEGER NOT NULL, -- since 1970 in UTC
    UNIQUE (endpoint_url, shell_id)
) STRICT;
CREATE INDEX session_by_origin ON session (origin, seen_at_ms);
CREATE TABLE endpoint ( -- those that somebody has listed: they have been trusted with a login
    url TEXT PRIMARY KEY COLLATE NOCASE,
    listed_by TEXT NOT NULL,
    listed_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
";

/// Where an import gave Ids in another order than that of its objects, `added` is the Id that the row would have by its
/// place: rows stand in the order in which they were added, and for all others that is the order of their Ids.
const VERSION_2: &str = "ALTER TABLE session ADD COLUMN added INTEGER;";

/// The schema version that these migrations lead to.
pub(super) fn latest(migrations: &[&str]) -> i64 {
    i64::try_from(migrations.len()).unwrap_or(i64::MAX)
}

/// The schema version of an open database.
pub(super) fn version(connection: &Connection) -> Result<i64, StoreErrorKind> {
    Ok(connection.query_row("PRAGMA user_version", [], |row| row.get(0))?)
}

/// Refuses a schema that is newer than these migrations lead to.
pub(super) fn refuse_newer(found: i64, migrations: &[&str]) -> Result<(), StoreErrorKind> {
    let known = latest(migrations);
    if found > known { Err(StoreProblem::Newer { found, known }.into()) } else { Ok(()) }
}

/// Brings a database to the latest schema in one transaction, and marks it as ours.
pub(super) fn migrate(connection: &mut Connection, migrations: &[&str]) -> Result<(), StoreErrorKind> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found = version(&transaction)?;
    refuse_newer(found, migrations)?;
    let done = usize::try_from(found).map_err(StoreErrorKind::corrupt)?;
    for step in migrations.iter().skip(done) {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", latest(migrations))?;
    Ok(transaction.commit()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a later version might add.
    const NEXT: &str =
        "ALTER TABLE session ADD COLUMN note TEXT; UPDATE session SET note = 'from version 1';";

    fn insert(connection: &Connection, shell: &str) {
        connection
            .execute(
                "INSERT INTO session (origin, endpoint_url, shell_id, resource_uri, computer_name, computer_type, port,
                 transport, seen_by, seen_at_ms) VALUES ('Listed', 'http://a', ?1, 'u', 'a', 'RemoteMachine', 1, 't', '', 0)",
                [shell],
            )
            .unwrap();
    }

    #[test]
    fn an_older_schema_becomes_the_latest_one_and_keeps_its_rows() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, MIGRATIONS).unwrap();
        insert(&connection, "A");
        let longer = [MIGRATIONS, &[NEXT]].concat();
        migrate(&mut connection, &longer).unwrap();
        let note: String = connection.query_row("SELECT note FROM session", [], |row| row.get(0)).unwrap();
        assert_eq!(note, "from version 1");
        assert_eq!(version(&connection).unwrap(), latest(&longer));
    }

    #[test]
    fn each_migration_runs_once() {
        let mut connection = Connection::open_in_memory().unwrap();
        for _ in 0..2 {
            migrate(&mut connection, MIGRATIONS).unwrap();
        }
        assert_eq!(version(&connection).unwrap(), latest(MIGRATIONS));
    }

    #[test]
    fn a_migration_that_fails_leaves_the_older_schema() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, MIGRATIONS).unwrap();
        let broken =
            [MIGRATIONS, &["ALTER TABLE session ADD COLUMN note TEXT", "CREATE TABLE session (id)"]].concat();
        migrate(&mut connection, &broken).unwrap_err();
        assert_eq!(version(&connection).unwrap(), latest(MIGRATIONS));
        connection.execute("SELECT note FROM session", []).unwrap_err();
    }

    #[test]
    fn a_newer_schema_is_not_migrated() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.pragma_update(None, "user_version", 9).unwrap();
        let kind = migrate(&mut connection, MIGRATIONS).unwrap_err();
        assert_eq!(kind.problem, StoreProblem::Newer { found: 9, known: latest(MIGRATIONS) });
    }

    #[test]
    fn a_shell_id_is_unique_at_its_endpoint_ignoring_case() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, MIGRATIONS).unwrap();
        insert(&connection, "Shell-A");
        let again = connection.execute(
            "INSERT INTO session SELECT NULL, origin, upper(endpoint_url), upper(shell_id), resource_uri, computer_name,
             computer_type, port, transport, name, owner, client_ip, process_id, server_state, stated_state,
             stated_availability, idle_timeout_ms, max_idle_timeout_ms, shell_run_time_ms, shell_inactivity_ms, commands,
             vm_id, vm_name, container_id, session_id, user, auth, seen_by, seen_at_ms, added FROM session",
            [],
        );
        assert!(again.unwrap_err().to_string().contains("UNIQUE"));
    }
}
