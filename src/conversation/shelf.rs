//! The flow books a turn may need, by hash: loaded once, kept while they are used.
//!
//! Turns run on the book that the database names, never on files, so that a rolling deploy cannot make two
//! processes alternate. A book is named by its content, so a cached one can never be out of date.

use std::collections::BTreeMap;
use std::sync::Arc;

use sqlx::PgConnection;

use super::store;
use crate::flow::{Book, load};
use crate::id::CenterId;

/// How many books stay in memory: the one in force, those that open conversations are pinned to, and a few more.
const KEPT: u64 = 64;

/// The loaded books. Clones share them.
#[derive(Clone)]
pub struct Shelf {
    books: moka::sync::Cache<String, Arc<Book>>,
}

/// A book could not be had.
#[derive(Debug, thiserror::Error)]
pub enum ShelfError {
    /// Nothing was ever activated.
    #[error(
        "no flow book is in force: run `smartsalud flows publish DIR` and `smartsalud flows activate HASH`, or start `serve`, which puts the built-in one in force"
    )]
    NothingInForce,
    /// The database names a book that it does not hold.
    #[error("flow book {hash} is named but not stored: publish it again")]
    Missing {
        /// Its hash.
        hash: String,
    },
    /// A stored book cannot be read by this version.
    #[error("flow book {hash} cannot be read by this version: {first}")]
    Unreadable {
        /// Its hash.
        hash: String,
        /// The first thing that is wrong with it.
        first: String,
    },
    /// The database failed.
    #[error("could not {doing}")]
    Store {
        /// What was being done.
        doing: &'static str,
        /// Why not.
        #[source]
        source: sqlx::Error,
    },
}

impl Default for Shelf {
    fn default() -> Self {
        Self { books: moka::sync::Cache::new(KEPT) }
    }
}

impl Shelf {
    /// The book of that hash.
    ///
    /// # Errors
    /// When it is not stored, cannot be read, or the database fails.
    pub async fn book(&self, conn: &mut PgConnection, hash: &str) -> Result<Arc<Book>, ShelfError> {
        if let Some(book) = self.books.get(hash) {
            return Ok(book);
        }
        let stored = store::book_sources(conn, hash)
            .await
            .map_err(|source| ShelfError::Store { doing: "read a flow book", source })?;
        let unreadable = |first: String| ShelfError::Unreadable { hash: hash.to_owned(), first };
        let sources = stored.ok_or_else(|| ShelfError::Missing { hash: hash.to_owned() })?;
        let sources: BTreeMap<String, String> =
            serde_json::from_value(sources).map_err(|error| unreadable(error.to_string()))?;
        let book = load::book(&sources).map_err(|errors| {
            unreadable(errors.first().map_or_else(|| "it is empty".to_owned(), ToString::to_string))
        })?;
        let book = Arc::new(book);
        self.books.insert(hash.to_owned(), Arc::clone(&book));
        Ok(book)
    }

    /// Stores a book and puts it in force, unless it is already.
    ///
    /// # Errors
    /// When the sources are not a sound book, or the database fails.
    pub async fn put_in_force(
        &self,
        conn: &mut PgConnection,
        sources: &BTreeMap<String, String>,
        center: Option<CenterId>,
    ) -> Result<Arc<Book>, ShelfError> {
        let book = self.publish(conn, sources).await?;
        let failed = |source| ShelfError::Store { doing: "put a flow book in force", source };
        store::activate_book(conn, &book.hash, center).await.map_err(failed)?;
        Ok(book)
    }

    /// What a process that starts does with its flows: it stores them, and puts them in force when they are new.
    /// Those that were in force before are left to operators, so that neither going back to an older version nor a
    /// rolling deploy is undone by a process that starts with other files. Answers the hash that is in force.
    ///
    /// # Errors
    /// When the sources are not a sound book, or the database fails.
    pub async fn start_with(
        &self,
        conn: &mut PgConnection,
        sources: &BTreeMap<String, String>,
    ) -> Result<String, ShelfError> {
        let book = self.publish(conn, sources).await?;
        let failed = |doing| move |source| ShelfError::Store { doing, source };
        let new = store::activate_new_book(conn, &book.hash).await;
        new.map_err(failed("put a flow book in force"))?;
        let in_force =
            store::book_in_force(conn).await.map_err(failed("read which flow book is in force"))?;
        let in_force = in_force.ok_or(ShelfError::NothingInForce)?;
        if in_force != book.hash {
            tracing::warn!(
                started_with = book.hash,
                in_force,
                "The flows of this process were in force before and are not now; `smartsalud flows activate` puts them back"
            );
        }
        Ok(in_force)
    }

    async fn publish(
        &self,
        conn: &mut PgConnection,
        sources: &BTreeMap<String, String>,
    ) -> Result<Arc<Book>, ShelfError> {
        let book = load::book(sources).map_err(|errors| ShelfError::Unreadable {
            hash: "(not stored)".to_owned(),
            first: errors.first().map_or_else(|| "it is empty".to_owned(), ToString::to_string),
        })?;
        store::publish_book(conn, &book.hash, &serde_json::json!(sources))
            .await
            .map_err(|source| ShelfError::Store { doing: "store a flow book", source })?;
        let book = Arc::new(book);
        self.books.insert(book.hash.clone(), Arc::clone(&book));
        Ok(book)
    }
}
