//! One decision behind four doors: the Access Manager route, AuthZEN, gRPC and the proxy's question answer alike, and as a
//! naive walk over the grants does.

use domain::id::{GroupId, TenantId, UserId};
use domain::permission::Permission;
use futures_util::{StreamExt, stream};
use identity::grant::Holder;
use identity::membership::Validity;
use identity_store::{grants, groups, roles};
use pair::{Pair, Person};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

pub(crate) mod caller;
mod proxy;

use self::caller::Doors;

/// The routes that the proxy's questions are about.
pub(crate) const ROUTES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/doors/routes.toml");

pair::on_both_engines! {
    with &[("GATEHOUSE_AUTH__AUTHORIZATION__ROUTES", crate::doors::ROUTES)];
    ten_thousand_questions_are_answered_alike_at_every_door,
}

const PEOPLE: usize = 12;
const GROUPS: usize = 8;
const QUESTIONS: usize = 10_000;
const ACTIONS: [&str; 4] = ["get", "post", "patch", "delete"];

/// A permission of a generated world; resource and action may be `*`.
type Rule = (String, String, String);

/// Who is in which groups, and what groups, their roles and people were granted.
#[derive(Clone, Debug)]
struct World {
    groups_of: Vec<Vec<usize>>,
    of_groups: Vec<Vec<Rule>>,
    of_roles: Vec<Vec<Rule>>,
    of_people: Vec<Vec<Rule>>,
}

/// Person, product, resource and action.
type Question = (usize, Option<String>, String, String);

fn world() -> impl Strategy<Value = World> {
    let rule = ("p[0-3]", "(r[0-5]|\\*)", "(get|post|patch|delete|\\*)");
    let rules = |most| prop::collection::vec(rule, 0..most);
    (
        prop::collection::vec(prop::collection::vec(0..GROUPS, 0..4), PEOPLE),
        prop::collection::vec(rules(4), GROUPS),
        prop::collection::vec(rules(3), GROUPS),
        prop::collection::vec(rules(2), PEOPLE),
    )
        .prop_map(|(groups_of, of_groups, of_roles, of_people)| World {
            groups_of,
            of_groups,
            of_roles,
            of_people,
        })
}

fn question() -> impl Strategy<Value = Question> {
    (0..PEOPLE, prop::option::of("p[0-3]"), "r[0-5]", prop::sample::select(&ACTIONS[..]).prop_map(str::to_owned))
}

impl World {
    /// The naive model: whether any rule that the person has by any way matches.
    fn allows(&self, (person, product, resource, action): &Question) -> bool {
        let through_groups =
            self.groups_of[*person].iter().flat_map(|&group| [&self.of_groups[group], &self.of_roles[group]]);
        let mut rules = through_groups.chain([&self.of_people[*person]]).flatten();
        rules.any(|(p, r, a)| {
            product.as_ref().is_none_or(|product| product == p)
                && (r == "*" || r == resource)
                && (a == "*" || a == action)
        })
    }

    /// Grants everything, past the rules of who may grant what.
    async fn plant(&self, pair: &Pair, people: &[Person]) {
        let world = self.clone();
        let people: Vec<UserId> = people.iter().map(|person| UserId::parse(&person.id).unwrap()).collect();
        let now = domain::Timestamp::from_seconds(0);
        pair.identity_app()
            .store
            .write(move |unit| {
                let tenant = identity_store::tenants::find_by_slug(unit, "lerian")?.unwrap().id;
                let mut made = Vec::new();
                for group in 0..GROUPS {
                    made.push(plant_group(unit, tenant, group, &world, now)?);
                }
                for (person, &user) in people.iter().enumerate() {
                    permit(unit, tenant, Holder::User(user), &world.of_people[person])?;
                    let held = identity_store::users::hold(unit, tenant, user)?.unwrap();
                    for &group in &world.groups_of[person] {
                        identity_store::members::put(unit, &held, made[group], Validity::ALWAYS)?;
                    }
                }
                Ok(())
            })
            .await
            .unwrap();
    }
}

fn plant_group(
    unit: &mut store::Unit<'_>,
    tenant: TenantId,
    number: usize,
    world: &World,
    now: domain::Timestamp,
) -> error_codes::Result<GroupId> {
    let new = identity::group::NewGroup::parse(Some(&format!("desk-{number}")), "Desk").unwrap();
    let group = new.make(tenant, now, &domain::OsEntropy);
    groups::insert(unit, &group)?;
    permit(unit, tenant, Holder::Group(group.id), &world.of_groups[number])?;
    let role = identity::role::Role {
        id: domain::id::RoleId::new(now, &domain::OsEntropy),
        tenant,
        slug: domain::Slug::parse(&format!("clerk-{number}")).unwrap(),
        name: "Clerk".to_owned(),
        built_in: false,
        declared_by: None,
        created_at: now,
    };
    roles::insert(unit, &role, &[])?;
    permit(unit, tenant, Holder::Role(role.id), &world.of_roles[number])?;
    grants::give(unit, tenant, Holder::Group(group.id), role.id, Validity::ALWAYS)?;
    Ok(group.id)
}

fn permit(unit: &mut store::Unit<'_>, tenant: TenantId, holder: Holder, rules: &[Rule]) -> error_codes::Result<()> {
    let granted = rules.iter().map(|(p, r, a)| (Permission::new(p, r, a), Validity::ALWAYS)).collect();
    grants::replace(unit, tenant, holder, &granted)
}

async fn ten_thousand_questions_are_answered_alike_at_every_door(pair: &Pair) {
    let mut runner = TestRunner::deterministic();
    let world = world().new_tree(&mut runner).unwrap().current();
    let questions = prop::collection::vec(question(), QUESTIONS).new_tree(&mut runner).unwrap().current();
    let mut people = Vec::new();
    for number in 0..PEOPLE {
        people.push(pair.person(&format!("person-{number}"), &[]).await);
    }
    world.plant(pair, &people).await;
    let doors = Doors::of(pair).await;

    let expected: Vec<bool> = questions.iter().map(|question| world.allows(question)).collect();
    let yes = expected.iter().filter(|allowed| **allowed).count();
    assert!(yes > QUESTIONS / 20 && yes < QUESTIONS * 19 / 20, "the questions are one-sided: {yes} of {QUESTIONS}");
    let answers = stream::iter(questions.iter().enumerate())
        .map(|(index, (person, product, resource, action))| {
            let (doors, token) = (doors.clone(), people[*person].token().to_owned());
            async move { (index, doors.ask(&token, product.as_deref(), resource, action).await) }
        })
        .buffer_unordered(16)
        .collect::<Vec<_>>()
        .await;
    for (index, answers) in answers {
        assert_eq!(answers, [expected[index]; 4], "{:?}", questions[index]);
    }
    batches_answer_like_single_questions(&doors, &people, &questions, &expected).await;
}

async fn batches_answer_like_single_questions(
    doors: &Doors,
    people: &[Person],
    questions: &[Question],
    expected: &[bool],
) {
    for (number, person) in people.iter().enumerate() {
        let own: Vec<_> =
            questions.iter().zip(expected).filter(|((asker, ..), _)| *asker == number).take(400).collect();
        let wanted: Vec<bool> = own.iter().map(|(_, expected)| **expected).collect();
        let batch: Vec<_> = own.iter().map(|((_, p, r, a), _)| (p.as_deref(), r.as_str(), a.as_str())).collect();
        assert_eq!(doors.batch_check(person.token(), &batch).await, wanted);
        assert_eq!(doors.evaluations(person.token(), &person.id, &batch).await, wanted);
    }
}
