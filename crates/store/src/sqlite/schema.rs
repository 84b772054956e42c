//! The schema and how older databases come up to it.

use rusqlite::{Connection, TransactionBehavior};

/// Marks a file as ours: `OUTD`.
const APPLICATION_ID: i32 = 0x4F55_5444;

/// All migrations, in order; the first has number 1. One that was released never changes.
const MIGRATIONS: [(&str, &str); 7] = [
    ("first", include_str!("migrations/0001_first.sql")),
    ("edits", include_str!("migrations/0002_edits.sql")),
    (
        "do_not_call",
        include_str!("migrations/0003_do_not_call.sql"),
    ),
    (
        "appointments",
        include_str!("migrations/0004_appointments.sql"),
    ),
    (
        "vendor_fields",
        include_str!("migrations/0005_vendor_fields.sql"),
    ),
    ("notes", include_str!("migrations/0006_notes.sql")),
    (
        "import_keys",
        include_str!("migrations/0007_import_keys.sql"),
    ),
];

/// The newest schema that this program knows.
pub(super) const KNOWN: u32 = MIGRATIONS.len() as u32;

/// Why a database cannot be used.
#[derive(Debug)]
pub(super) enum SchemaError {
    Newer { found: u32 },
    Foreign(String),
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for SchemaError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::NotADatabase) => Self::Foreign(error.to_string()),
            _ => Self::Sqlite(error),
        }
    }
}

/// Brings a database up to the newest schema, each step in a transaction of its own.
pub(super) fn migrate(db: &mut Connection) -> Result<(), SchemaError> {
    let application: i32 = db.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let tables: i64 = db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if application != APPLICATION_ID && tables > 0 {
        return Err(SchemaError::Foreign(
            "it holds tables of another program".to_owned(),
        ));
    }
    db.execute_batch(
        "CREATE TABLE IF NOT EXISTS schema_migration (
             number     INTEGER PRIMARY KEY,
             name       TEXT NOT NULL,
             applied_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
         ) STRICT",
    )?;
    db.pragma_update(None, "application_id", APPLICATION_ID)?;
    let found: u32 = db.query_row(
        "SELECT coalesce(max(number), 0) FROM schema_migration",
        [],
        |row| row.get(0),
    )?;
    if found > KNOWN {
        return Err(SchemaError::Newer { found });
    }
    for (number, (name, sql)) in (1..).zip(MIGRATIONS).skip(found as usize) {
        let step = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        step.execute_batch(sql)?;
        step.execute(
            "INSERT INTO schema_migration (number, name) VALUES (?, ?)",
            (number, name),
        )?;
        step.commit()?;
        tracing::info!(
            schema.number = number,
            schema.name = name,
            "database migrated"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrating_twice_changes_nothing() {
        let mut db = Connection::open_in_memory().unwrap();
        migrate(&mut db).unwrap();
        migrate(&mut db).unwrap();
        let applied: u32 = db
            .query_row("SELECT count(*) FROM schema_migration", [], |row| {
                row.get(0)
            })
            .unwrap();
        assert_eq!(applied, KNOWN);
    }

    #[test]
    fn a_newer_database_is_refused() {
        let mut db = Connection::open_in_memory().unwrap();
        migrate(&mut db).unwrap();
        db.execute(
            "INSERT INTO schema_migration (number, name) VALUES (?, 'future')",
            [KNOWN + 1],
        )
        .unwrap();
        assert!(matches!(
            migrate(&mut db),
            Err(SchemaError::Newer { found }) if found == KNOWN + 1
        ));
    }

    #[test]
    fn another_programs_database_is_left_alone() {
        let mut db = Connection::open_in_memory().unwrap();
        db.execute_batch("CREATE TABLE theirs (a)").unwrap();
        assert!(matches!(migrate(&mut db), Err(SchemaError::Foreign(_))));
        let tables: i64 = db
            .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
            .unwrap();
        assert_eq!(tables, 1);
    }
}
