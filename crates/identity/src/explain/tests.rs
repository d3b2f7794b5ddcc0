use domain::permission::{IDENTITY_PRODUCT, Way};
use proptest::prelude::*;

use super::*;
use crate::membership::{Validity, held};

fn at(second: i64) -> Timestamp {
    Timestamp::from_seconds(second)
}

fn span(from: Option<i64>, until: Option<i64>) -> Validity {
    Validity { from: from.map(at), until: until.map(at) }
}

fn reach(product: &str, resource: &str, action: &str, validity: Validity) -> Reach {
    Reach { permission: Permission::new(product, resource, action), way: Way::default(), validity }
}

fn always(product: &str, resource: &str, action: &str) -> Reach {
    reach(product, resource, action, Validity::ALWAYS)
}

fn reasons(reaches: &[Reach], product: &str, resource: &str, action: &str) -> Vec<Reason> {
    let asked = Permission::new(product, resource, action);
    explain(reaches, true, &asked, at(10)).reasons
}

#[test]
fn each_reason_tells_the_ways_it_is_about() {
    let ended = reach("midaz", "ledgers", "get", span(None, Some(10)));
    let never = reach("midaz", "ledgers", "get", span(Some(30), Some(20)));
    let soon = reach("midaz", "*", "get", span(Some(11), None));
    let ways = |reaches: &[&Reach]| Ways::of(reaches.iter().copied());
    let ask = |reaches: &[Reach]| reasons(reaches, "midaz", "ledgers", "get");
    assert_eq!(
        ask(&[ended.clone(), soon.clone(), never.clone()]),
        [Reason::Ended(ways(&[&ended, &never])), Reason::NotBegun(ways(&[&soon])), Reason::NothingOfProduct]
    );
    let post = always("midaz", "ledgers", "post");
    let any = always("midaz", "*", "post");
    let assets = always("midaz", "assets", "get");
    let all = [post.clone(), any.clone(), assets.clone()];
    assert_eq!(ask(&all), [Reason::OtherActions(ways(&[&post, &any]))]);
    assert_eq!(ask(std::slice::from_ref(&assets)), [Reason::OtherResources(ways(&[&assets]))]);
    let elsewhere = always("routing", "*", "get");
    assert_eq!(
        ask(std::slice::from_ref(&elsewhere)),
        [Reason::OtherProduct(ways(&[&elsewhere])), Reason::NothingOfProduct]
    );
    assert_eq!(ask(&[]), [Reason::NothingOfProduct]);
}

#[test]
fn a_platform_permission_names_the_stars_that_pass_over_it() {
    let star = always(IDENTITY_PRODUCT, "*", "*");
    let users = always(IDENTITY_PRODUCT, "users", "get");
    let told = reasons(&[star.clone(), users.clone()], IDENTITY_PRODUCT, "tenants", "get");
    assert_eq!(told, [Reason::Platform(Ways::of([&star]))]);
    let told = reasons(&[users], IDENTITY_PRODUCT, "tenants", "get");
    assert_eq!(told, [Reason::Platform(Ways::default())]);
    let post = always(IDENTITY_PRODUCT, "tenants", "post");
    let told = reasons(std::slice::from_ref(&post), IDENTITY_PRODUCT, "tenants", "get");
    assert_eq!(told, [Reason::OtherActions(Ways::of([&post])), Reason::Platform(Ways::default())]);
    assert_eq!(reasons(&[always(IDENTITY_PRODUCT, "tenants", "get")], IDENTITY_PRODUCT, "tenants", "get"), []);
}

#[test]
fn a_disabled_subject_may_nothing_whatever_it_holds() {
    let see = always("midaz", "ledgers", "get");
    let asked = Permission::new("midaz", "ledgers", "get");
    let explained = explain(std::slice::from_ref(&see), false, &asked, at(10));
    assert_eq!(explained.reasons, [Reason::Disabled]);
    assert_eq!(explained.ways, Ways::of([&see]));
    let explained = explain(&[], false, &asked, at(10));
    assert_eq!(explained.reasons, [Reason::Disabled, Reason::NothingOfProduct]);
}

#[test]
fn a_list_of_ways_is_bounded_and_counted() {
    let many: Vec<_> = (0..200).map(|number| always("midaz", "ledgers", &format!("act-{number}"))).collect();
    let [Reason::OtherActions(ways)] = &reasons(&many, "midaz", "ledgers", "get")[..] else { panic!("one reason") };
    assert_eq!((ways.shown.len(), ways.total), (MOST_SHOWN, 200));
}

fn any_reach() -> impl Strategy<Value = Reach> {
    let bound = || prop::option::of(5_i64..15);
    let product = prop::sample::select(vec!["a", "b", IDENTITY_PRODUCT]);
    let resource = prop::sample::select(vec!["x", "y", "tenants", "*"]);
    (product, resource, "[gp*]", bound(), bound())
        .prop_map(|(product, resource, action, from, until)| reach(product, resource, &action, span(from, until)))
}

proptest! {
    #[test]
    fn an_explanation_agrees_with_the_decision_and_a_no_always_has_a_reason(
        reaches in prop::collection::vec(any_reach(), 0..8), active: bool,
        product in prop::sample::select(vec!["a", "b", IDENTITY_PRODUCT]),
        resource in prop::sample::select(vec!["x", "y", "tenants"]), action in "[gp]",
    ) {
        let asked = Permission::new(product, resource, &action);
        let explained = explain(&reaches, active, &asked, at(10));
        let decided = held(&reaches, at(10)).allows(Some(product), resource, &action);
        prop_assert_eq!(explained.is_allowed(), active && decided);
        prop_assert_eq!(explained.ways.total > 0, decided);
        prop_assert_eq!(explained.reasons.contains(&Reason::Disabled), !active);

        // The same facts, walked over one by one.
        let holds = |reach: &Reach| {
            reach.validity.from.is_none_or(|from| from <= at(10)) && reach.validity.until.is_none_or(|until| at(10) < until)
        };
        let platform = product == IDENTITY_PRODUCT && resource == "tenants";
        let by = |held: &str, asked: &str| held == asked || (held == "*" && !platform);
        let leads = |reach: &Reach| {
            let Permission { product, resource, action } = &reach.permission;
            *product == asked.product && by(resource, &asked.resource) && by(action, &asked.action)
        };
        let count = |wanted: &dyn Fn(&Reach) -> bool| reaches.iter().filter(|reach| wanted(reach)).count();
        prop_assert_eq!(explained.ways.total, count(&|reach| holds(reach) && leads(reach)));
        if decided {
            return Ok(());
        }
        let (mut ended, mut not_begun, mut nothing) = (0, 0, false);
        for reason in &explained.reasons {
            match reason {
                Reason::Ended(ways) => ended = ways.total,
                Reason::NotBegun(ways) => not_begun = ways.total,
                Reason::NothingOfProduct => nothing = true,
                Reason::OtherActions(ways) => {
                    prop_assert!(ways.shown.iter().all(|reach| holds(reach) && reach.permission.product == product));
                }
                Reason::OtherProduct(ways) => {
                    prop_assert!(ways.shown.iter().all(|reach| holds(reach) && reach.permission.product != product));
                }
                Reason::Platform(ways) => {
                    prop_assert!(platform && ways.shown.iter().all(holds));
                }
                Reason::OtherResources(ways) => {
                    prop_assert!(ways.shown.iter().all(|reach| reach.permission.resource != resource));
                }
                Reason::Disabled => {}
            }
        }
        prop_assert_eq!(ended + not_begun, count(&|reach| !holds(reach) && leads(reach)));
        prop_assert_eq!(nothing, count(&|reach| holds(reach) && reach.permission.product == product) == 0);
        prop_assert!(!explained.reasons.is_empty());
    }
}
