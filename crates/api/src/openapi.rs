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
use crate::problem::{FieldError, PROBLEM_JSON, ProblemDocument};

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
    components(schemas(ProblemDocument, FieldError)),
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
#[utoipa::path(get, path = "/openapi.json", operation_id = "readDocument", tag = "health", security(()),
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use outdial_domain::{ComplianceProfile, Country, Tenant, TenantId};
    use outdial_service::FieldProblem;
    use serde_json::{Value, json};

    use crate::wire::agent::{AgentWish, DispositionJson};
    use crate::wire::campaign_request::read_new;
    use crate::wire::registry::KeyRequest;
    use crate::wire::trunk::{Halt, TrunkResume, TrunkTest};

    /// A name that is like no field, so that the answer lists those that are known.
    const STRANGE: &str = "zzzzzzzzzzzzzzzzzzzz";

    fn tenant() -> Tenant {
        Tenant {
            id: TenantId::new(1),
            name: "acme".to_owned(),
            time_zone: "Asia/Shanghai".to_owned(),
            default_country: Country::new("CN").unwrap(),
            compliance: ComplianceProfile::none(),
            max_calls: 1,
        }
    }

    /// The fields that a reader knows at this path.
    fn known<T>(
        read: impl Fn(&Value) -> Result<T, Vec<FieldProblem>>,
        path: &[&str],
    ) -> BTreeSet<String> {
        let strange = json!({ STRANGE: 1 });
        let body = path.iter().rev().fold(strange, |inner, name| match name {
            // A path goes through arrays by their first element.
            &"[]" => json!([inner]),
            name => json!({ *name: inner }),
        });
        let Err(problems) = read(&body) else {
            panic!("a strange field was taken")
        };
        let found = problems.iter().find_map(|problem| {
            let at_end = problem.field.ends_with(STRANGE);
            let list = problem
                .problem
                .split_once("known are ")
                .filter(|_| at_end)?
                .1;
            Some(list.split(", ").map(str::to_owned).collect())
        });
        found.unwrap_or_else(|| panic!("{path:?}: {problems:?}"))
    }

    #[test]
    fn the_document_and_the_readers_know_the_same_fields() {
        let document = crate::openapi();
        let documented = |schema: &str| -> BTreeSet<String> {
            let properties = &document["components"]["schemas"][schema]["properties"];
            properties.as_object().unwrap().keys().cloned().collect()
        };
        let campaign = |path: &[&str]| known(|body| read_new(body, &tenant()), path);
        assert_eq!(documented("CampaignSettings"), campaign(&[]));
        let mut patch = documented("CampaignPatch");
        assert!(patch.remove("apply_at"), "an edit may be for later");
        assert_eq!(patch, campaign(&[]));
        assert_eq!(documented("Calendar"), campaign(&["calendar"]));
        let rule = ["calendar", "rules", "[]"];
        assert_eq!(documented("CalendarRule"), campaign(&rule));
        let window = ["calendar", "rules", "[]", "windows", "[]"];
        assert_eq!(documented("Window"), campaign(&window));
        assert_eq!(documented("Retry"), campaign(&["retry"]));
        let busy = ["retry", "by_outcome", "busy"];
        assert_eq!(documented("RetryByOutcome"), campaign(&busy));
        assert_eq!(documented("AgentStateRequest"), known(AgentWish::read, &[]));
        assert_eq!(documented("Disposition"), known(DispositionJson::read, &[]));
        assert_eq!(documented("KeyRequest"), known(KeyRequest::read, &[]));
        assert_eq!(documented("Halt"), known(Halt::read, &[]));
        assert_eq!(documented("TrunkResume"), known(TrunkResume::read, &[]));
        let country = tenant().default_country;
        let test = known(|body| TrunkTest::read(body, country), &[]);
        assert_eq!(documented("TrunkTest"), test);
    }
}
