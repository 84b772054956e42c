//! The OpenAPI document: generated from the handlers, completed by what holds for all of them.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{
    Components, ContentBuilder, OpenApi as Document, PathItem, Ref, RefOr, Required,
    ResponseBuilder, SecurityRequirement,
};
use utoipa::{OpenApi, PartialSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Api;
use crate::caller::TENANT_HEADER;
use crate::problem::{FieldError, PROBLEM_JSON, Problem};

/// The name of the one security scheme.
const KEY: &str = "key";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Outdial",
        description = "Outbound-calling campaigns.\n\nJSON in snake_case; times are RFC 3339 in UTC; durations end in `_s` and are seconds; shares are 0 to 1. In requests null means the same as leaving a field out, and unknown fields are refused. Errors are problem documents (RFC 9457) that name every wrong field at once.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    tags(
        (name = "campaigns", description = "Make, edit and run campaigns"),
        (name = "contacts", description = "Who is to be called"),
        (name = "attempts", description = "Calls and their results"),
        (name = "agents", description = "Who takes the calls"),
        (name = "operations", description = "Trunks, halts, breakers"),
        (name = "tenant", description = "What a tenant has"),
        (name = "events", description = "What happens, as it happens"),
        (name = "health", description = "For those who keep the server running"),
        (name = "later", description = "Known, and not built yet: answers 501"),
    ),
    components(schemas(Problem, FieldError)),
)]
struct Base;

/// The document before any route is in it.
pub(crate) fn base() -> Document {
    Base::openapi()
}

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(document))
}

/// This document
#[utoipa::path(get, path = "/openapi.json", tag = "health", security(()),
    responses((status = 200, description = "The OpenAPI 3.1 document of this API", content_type = "application/json")))]
async fn document(State(api): State<Api>) -> Response {
    Json(api.document.as_ref()).into_response()
}

/// Completes a document that the routes are in: the key, the tenant's header, and the problem that every
/// answer may be instead.
pub(crate) fn complete(mut document: Document) -> Document {
    let components = document.components.get_or_insert_with(Components::new);
    components.add_security_scheme(KEY, SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
    let problem = ResponseBuilder::new()
        .description("Why the request was not carried out")
        .content(
            PROBLEM_JSON,
            ContentBuilder::new()
                .schema(Some(Ref::from_schema_name("Problem")))
                .build(),
        );
    let problem = RefOr::T(problem.build());
    components.responses.insert("Problem".to_owned(), problem);
    document.security = Some(vec![SecurityRequirement::new(
        KEY,
        std::iter::empty::<String>(),
    )]);
    for item in document.paths.paths.values_mut() {
        for operation in operations(item).filter(|operation| operation.security.is_none()) {
            let problem = RefOr::Ref(Ref::from_response_name("Problem"));
            operation
                .responses
                .responses
                .insert("default".to_owned(), problem);
            operation
                .parameters
                .get_or_insert_with(Vec::new)
                .push(tenant_header().into());
        }
    }
    document
}

fn tenant_header() -> Parameter {
    ParameterBuilder::new()
        .name(TENANT_HEADER)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(
            "The tenant that the admin key means; may be left out where there is one",
        ))
        .schema(Some(String::schema()))
        .build()
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [
        &mut item.get,
        &mut item.post,
        &mut item.put,
        &mut item.patch,
        &mut item.delete,
    ]
    .into_iter()
    .flatten()
}
