//! The embedded engine passes the suite.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use outdial_store::conformance::{Engine, run_all};
use outdial_store::{SqliteOptions, SqliteStore, Store};

struct Sqlite {
    folder: PathBuf,
}

#[async_trait]
impl Engine for Sqlite {
    async fn open(&self, database: &str) -> Arc<dyn Store> {
        let file = database.replace("::", "-");
        let options = SqliteOptions {
            // Many small databases, opened often.
            log_allocated: false,
            ..SqliteOptions::default()
        };
        Arc::new(SqliteStore::open_with(&self.folder.join(file), &options).expect(database))
    }
}

#[tokio::test]
async fn sqlite_passes_the_conformance_suite() {
    let folder = tempfile::tempdir().unwrap();
    let engine = Sqlite {
        folder: folder.path().to_owned(),
    };
    run_all(&engine).await.unwrap();
}
