//! Cases about tenants and what is set up for them.

use outdial_domain::{
    Agent, AgentId, CallerId, Connection, Flow, FlowId, FlowSource, NumberGroup, NumberGroupId,
    PhoneAddress, PhoneNumber, SkillGroup, SkillGroupId, TenantId, WishedState,
};

use super::Check;
use super::world::{World, agent, at, new_tenant, trunk};
use crate::{AgentWish, Breaker, Halt, Item, ItemId, Key, Source, StoreError};

pub(super) async fn tenants_are_known_again_by_name(mut world: World<'_>) -> Check {
    let mut acme = new_tenant("acme")?;
    acme.max_calls = 30;
    let changed = world.store.put_tenant(acme).await?;
    assert_eq!(changed.id, world.tenant);
    assert_eq!(changed.max_calls, 30);
    let bolt = world.other_tenant().await?;
    assert_ne!(bolt.id, world.tenant);
    world.restart().await?;
    assert_eq!(world.store.tenants().await?, [changed, bolt]);
    Ok(())
}

fn group(id: u64) -> Item {
    Item::SkillGroup(SkillGroup {
        id: SkillGroupId::new(id),
        name: format!("group {id}"),
        aliases: vec![format!("alias-{id}")],
    })
}

fn some_agent(id: &str) -> Result<Agent, Box<dyn std::error::Error + Send + Sync>> {
    Ok(Agent {
        id: AgentId::new(id)?,
        name: format!("Agent {id}"),
        skill_groups: vec![SkillGroupId::new(255)],
        phone: PhoneAddress::Uri("sip:1001@127.0.0.1:5090".to_owned()),
        connection: Connection::Permanent,
        email: None,
        account: Some("a".to_owned()),
        staff_number: None,
    })
}

pub(super) async fn items_are_created_or_updated_and_rest_made_ones_stay(
    mut world: World<'_>,
) -> Check {
    let flow = Flow {
        id: FlowId::new(4600),
        name: "welcome".to_owned(),
        source: FlowSource::Sip("sip:ivr@127.0.0.1:5095".to_owned()),
        aliases: Vec::new(),
    };
    let numbers = ["10085", "+8675586013388", "*123#"];
    let numbers = numbers.map(PhoneNumber::from_text);
    let [short, long, feature] = numbers;
    let numbers = NumberGroup {
        id: NumberGroupId::new("1070678044124225")?,
        caller_ids: vec![short?, long?],
    };
    let from_file = vec![
        group(255),
        group(9),
        Item::Agent(some_agent("1001")?),
        Item::Flow(flow.clone()),
        Item::NumberGroup(numbers.clone()),
        Item::CallerId(CallerId::unlimited(long?)),
        Item::CallerId(CallerId::unlimited(short?)),
    ];
    let (store, tenant) = (&world.store, world.tenant);
    store.put_items(tenant, Source::File, from_file).await?;
    let by_rest = vec![group(300), Item::CallerId(CallerId::unlimited(feature?))];
    store.put_items(tenant, Source::Rest, by_rest).await?;

    world.restart().await?;
    let store = &world.store;
    let groups = store.skill_groups(tenant).await?;
    let ids: Vec<u64> = groups.iter().map(|group| group.item.id.number()).collect();
    assert_eq!(ids, [9, 255, 300]);
    assert_eq!(groups[2].source, Source::Rest);
    assert_eq!(store.agents(tenant).await?[0].item, some_agent("1001")?);
    assert_eq!(store.flows(tenant).await?[0].item, flow);
    assert_eq!(store.number_groups(tenant).await?[0].item, numbers);
    let caller_ids = store.caller_ids(tenant).await?;
    let caller_ids: Vec<PhoneNumber> = caller_ids.iter().map(|item| item.item.number).collect();
    assert_eq!(caller_ids, [long?, short?, feature?]);

    // A caller ID that is set up again keeps its place.
    let mut limited = CallerId::unlimited(long?);
    limited.channels = Some(2);
    store
        .put_items(tenant, Source::File, vec![Item::CallerId(limited.clone())])
        .await?;
    assert_eq!(store.caller_ids(tenant).await?[0].item, limited);

    // The file names one group only now; what REST made stays.
    let kept = vec![ItemId::SkillGroup(SkillGroupId::new(255))];
    assert_eq!(store.keep_only(tenant, kept, Vec::new()).await?, 6);
    let groups = store.skill_groups(tenant).await?;
    let ids: Vec<u64> = groups.iter().map(|group| group.item.id.number()).collect();
    assert_eq!(ids, [255, 300]);
    assert!(store.agents(tenant).await?.is_empty());
    assert_eq!(store.caller_ids(tenant).await?.len(), 1);

    let gone = ItemId::SkillGroup(SkillGroupId::new(300));
    assert!(store.remove_item(tenant, gone).await?);
    assert!(!store.remove_item(tenant, gone).await?);

    let nobody = TenantId::new(4000);
    let refused = store.put_items(nobody, Source::Rest, vec![group(1)]).await;
    assert!(matches!(refused, Err(StoreError::NotFound { .. })));
    Ok(())
}

pub(super) async fn an_agents_wish_outlives_a_restart(mut world: World<'_>) -> Check {
    let tenant = world.tenant;
    let item = Item::Agent(some_agent("1001")?);
    let put = world
        .store
        .put_items(tenant, Source::File, vec![item.clone()]);
    put.await?;
    let wish = AgentWish {
        agent: agent()?,
        wish: WishedState::Break,
        reason: "lunch".to_owned(),
    };
    let store = &world.store;
    assert!(store.agent_wishes(tenant).await?.is_empty());
    store.wish_agent(tenant, wish.clone(), Vec::new()).await?;
    store.put_items(tenant, Source::File, vec![item]).await?;
    world.restart().await?;
    assert_eq!(world.store.agent_wishes(tenant).await?, [wish]);
    Ok(())
}

pub(super) async fn keys_are_stored_without_their_secrets(mut world: World<'_>) -> Check {
    let key = Key {
        tenant: world.tenant,
        name: "crm".to_owned(),
        role: "integrator".to_owned(),
        agent: None,
        secret_hash: [7; 32],
        source: Source::File,
        created_at: at(0),
    };
    world.store.put_key(key.clone()).await?;
    let mut second = key.clone();
    second.name = "desk".to_owned();
    second.role = "agent".to_owned();
    second.agent = Some(agent()?);
    let refused = world.store.put_key(second.clone()).await;
    assert!(matches!(refused, Err(StoreError::Conflict { .. })));
    second.secret_hash = [8; 32];
    world.store.put_key(second.clone()).await?;
    world.restart().await?;
    assert_eq!(world.store.keys().await?, [key.clone(), second.clone()]);
    let kept = world
        .store
        .keep_only(world.tenant, Vec::new(), vec!["desk".to_owned()]);
    assert_eq!(kept.await?, 1);
    assert_eq!(world.store.keys().await?, [second]);
    assert!(world.store.remove_key(world.tenant, "desk").await?);
    assert!(!world.store.remove_key(world.tenant, "desk").await?);
    Ok(())
}

pub(super) async fn halts_and_breakers_outlive_a_restart(mut world: World<'_>) -> Check {
    let halt = Halt {
        tenant: world.tenant,
        scope: "trunk:carrier".to_owned(),
        reason: "the carrier asked us to".to_owned(),
        at: at(1),
    };
    let breaker = Breaker {
        tenant: world.tenant,
        trunk: trunk()?,
        caller_id: PhoneNumber::from_text("10085")?,
        data: "{}".to_owned(),
    };
    let store = &world.store;
    store.put_halt(halt.clone(), Vec::new()).await?;
    store.put_breaker(breaker.clone(), Vec::new()).await?;
    let mut newer = breaker.clone();
    newer.data = r#"{"suspects":[]}"#.to_owned();
    store.put_breaker(newer.clone(), Vec::new()).await?;
    world.restart().await?;
    let store = &world.store;
    assert_eq!(store.halts().await?, std::slice::from_ref(&halt));
    assert_eq!(store.breakers().await?, [newer]);
    let released = store.remove_halt(world.tenant, &halt.scope, Vec::new());
    assert!(released.await?);
    let closed = store.remove_breakers(world.tenant, trunk()?, Vec::new());
    assert_eq!(closed.await?, 1);
    assert!(store.halts().await?.is_empty());
    assert!(store.breakers().await?.is_empty());
    Ok(())
}
