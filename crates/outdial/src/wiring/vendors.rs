//! The vendors' APIs beside our own, on the same port.

use std::collections::BTreeMap;

use axum::Router;
use outdial_dialects::{AccessKey, Accounts, Clock, Dialects, Secret};
use outdial_dialects::{alibaba, dezhu, huawei, tencent};
use outdial_domain::TenantId;
use outdial_service::Service;

use crate::config::{self, VendorSettings};

/// Who each tenant is in the vendors' APIs, by the tenant's name.
pub(crate) type Vendors = BTreeMap<String, VendorSettings>;

/// What is answered at addresses that our own API does not have: the vendors' APIs, and a problem
/// document for what is nobody's. A server that `ran_before` refuses what may have come to it then.
pub(super) fn router(service: &Service, vendors: &Vendors, ran_before: bool) -> Router {
    let clock = Clock::system();
    let mut accounts = Accounts {
        nonces_since: ran_before.then(|| clock.now()),
        ..Accounts::default()
    };
    for (name, settings) in vendors {
        match service.tenant_named(name) {
            Some(tenant) => add(&mut accounts, tenant.id, settings),
            // Every tenant of the configuration is made before.
            None => tracing::error!(tenant = name, "the vendors' APIs do not know the tenant"),
        }
    }
    let nobody = Router::new().fallback(outdial_api::route_not_found);
    let dialects = Dialects::new(service, &clock, accounts);
    dialects.huawei.push_results(huawei::PushRules::default());
    dialects.router(nobody)
}

fn add(accounts: &mut Accounts, tenant: TenantId, settings: &VendorSettings) {
    if let Some(settings) = &settings.tencent {
        accounts.tencent.push(tencent::Account {
            tenant,
            sdk_app_id: settings.sdk_app_id,
            keys: keys(&settings.keys),
            requests_per_s: settings.requests_per_s,
        });
    }
    if let Some(settings) = &settings.alibaba {
        accounts.alibaba.push(alibaba::Account {
            tenant,
            instance_id: settings.instance_id.clone(),
            keys: keys(&settings.keys),
            requests_per_s: settings.requests_per_s,
        });
    }
    if let Some(settings) = &settings.huawei {
        accounts.huawei.push(huawei::Account {
            tenant,
            vdn_id: settings.vdn_id,
            keys: keys(&settings.keys),
            requests_per_s: settings.requests_per_s,
            calldata_spacing_s: settings.calldata_spacing_s,
            callback_hosts: settings.callback_hosts.clone(),
        });
    }
    if let Some(settings) = &settings.dezhu {
        accounts.dezhu.push(dezhu::Account {
            tenant,
            app_id: settings.app_id.clone(),
            public_keys: settings.public_keys.clone(),
            requests_per_s: settings.requests_per_s,
            paths: settings.paths.clone(),
        });
    }
}

fn keys(keys: &[config::AccessKey]) -> Vec<AccessKey> {
    let key = |key: &config::AccessKey| AccessKey {
        id: key.id.clone(),
        secret: Secret::new(key.secret.text()),
    };
    keys.iter().map(key).collect()
}
