//! The answer to a request that fails. The status is decided here only.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use monitor_report::ReportError;
use monitor_report::select::SelectError;
use serde_json::{Map, Value, json};

use crate::compat::render;
use crate::store::StoreError;

/// The answer to a request that fails: a status and a message.
#[derive(Clone, Debug)]
pub struct Problem {
    status: StatusCode,
    message: String,
    errors: Vec<(String, String)>,
    retry_after_s: Option<u32>,
}

impl Problem {
    /// A problem with a reason for people.
    #[must_use]
    pub fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), errors: Vec::new(), retry_after_s: None }
    }

    /// The request is not valid (400).
    #[must_use]
    pub fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// Some fields of the request are not valid, each with its reason.
    #[must_use]
    pub fn fields(errors: Vec<(String, String)>) -> Self {
        Self { errors, ..Self::bad("Input payload validation failed") }
    }

    /// One field of the request is not valid.
    #[must_use]
    pub fn field(name: &str, reason: impl Into<String>) -> Self {
        Self::fields(vec![(name.to_owned(), reason.into())])
    }

    /// What the request names does not exist (404).
    #[must_use]
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    /// The server cannot do it at the moment; trying again later may help (503).
    #[must_use]
    pub fn later(message: impl Into<String>) -> Self {
        Self { retry_after_s: Some(5), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, message) }
    }

    /// The status of the answer.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.status
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)?;
        self.errors.iter().try_for_each(|(field, reason)| write!(f, "; {field}: {reason}"))
    }
}

impl From<ReportError> for Problem {
    fn from(error: ReportError) -> Self {
        match error {
            ReportError::Source(error) => match error.downcast::<StoreError>() {
                Ok(error) => (*error).into(),
                Err(error) => StoreError::Broken(error.to_string()).into(),
            },
            ReportError::Session(SelectError::Ambiguous { .. }) => Self::bad(error.to_string()),
            error => Self::not_found(error.to_string()),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let message = error.to_string();
        match error {
            StoreError::Unavailable(_) | StoreError::TooSlow => Self::later(message),
            StoreError::Full(_) => Self::new(StatusCode::INSUFFICIENT_STORAGE, message),
            StoreError::Unfit(_) | StoreError::Broken(_) => {
                crate::operate::log::error("database", &message);
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
            }
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut body = json!({"message": self.message});
        if !self.errors.is_empty() {
            let errors: Map<_, _> =
                self.errors.into_iter().map(|(field, reason)| (field, Value::from(reason))).collect();
            body["errors"] = errors.into();
        }
        let mut response = render::json(self.status, &body);
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        if self.status == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer realm=\"monitor-server\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
        }
        response
    }
}
