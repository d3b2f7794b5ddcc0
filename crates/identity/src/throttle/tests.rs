use proptest::prelude::*;

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_seconds(second)
}

fn after_failures(count: u32, now: Timestamp) -> Tries {
    (0..count).fold(Tries::default(), |tries, _| tries.failed(ACCOUNT, now))
}

#[test]
fn five_failures_are_free_and_the_next_try_is_charged() {
    for failures in 0..5 {
        assert_eq!(after_failures(failures, at(0)).admit(ACCOUNT, at(0)), Admission::Free, "{failures}");
    }
    let Admission::Charged(charged) = after_failures(5, at(0)).admit(ACCOUNT, at(0)) else { panic!("not charged") };
    assert_eq!(charged.failures, 6);
    assert_eq!(charged.admit(ACCOUNT, at(1)), Admission::Blocked { wait: Duration::from_secs(29) });
}

#[test]
fn each_failure_doubles_the_delay_up_to_a_quarter_of_an_hour() {
    let mut tries = after_failures(5, at(0));
    let mut now = at(0);
    let mut delays = Vec::new();
    for _ in 0..7 {
        let Admission::Charged(charged) = tries.admit(ACCOUNT, now) else { panic!("not charged") };
        let Admission::Blocked { wait } = charged.admit(ACCOUNT, now) else { panic!("not blocked") };
        delays.push(wait.as_secs());
        tries = charged;
        now = now.plus(wait);
    }
    assert_eq!(delays, [30, 60, 120, 240, 480, 900, 900]);
}

#[test]
fn everything_is_forgotten_after_a_quiet_quarter_of_an_hour() {
    let tries = after_failures(5, at(0));
    assert!(matches!(tries.admit(ACCOUNT, at(899)), Admission::Charged(_)));
    assert_eq!(tries.admit(ACCOUNT, at(900)), Admission::Free);
    let blocked = after_failures(6, at(0));
    assert!(matches!(blocked.admit(ACCOUNT, at(900)), Admission::Charged(_)), "the quiet begins when the delay ends");
    assert_eq!(blocked.admit(ACCOUNT, at(930)), Admission::Free);
}

#[test]
fn a_burst_of_free_tries_that_all_fail_ends_in_a_delay() {
    let Admission::Blocked { wait } = after_failures(20, at(0)).admit(ACCOUNT, at(0)) else { panic!("not blocked") };
    assert_eq!(wait.as_secs(), 900);
}

#[test]
fn a_success_behind_a_shared_address_gives_back_its_charge_and_nothing_else() {
    let tries = (0..30).fold(Tries::default(), |tries, _| tries.failed(NETWORK, at(0)));
    let Admission::Charged(charged) = tries.admit(NETWORK, at(1)) else { panic!("not charged") };
    let refunded = charged.refunded();
    assert_eq!((refunded.failures, refunded.blocked_until), (30, None));
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Wait(u16),
    Guess,
}

proptest! {
    /// Whatever a guesser does, one after the other: between two quiet spells no more than the free tries, and then one
    /// for each delay.
    #[test]
    fn guesses_are_bounded_by_time(
        steps in prop::collection::vec(prop_oneof![(0_u16..400).prop_map(Step::Wait), Just(Step::Guess)], 0..400),
    ) {
        let (mut now, mut tries, mut guesses) = (at(0), Tries::default(), Vec::new());
        for step in steps {
            match step {
                Step::Wait(seconds) => now = now.plus(Duration::from_secs(seconds.into())),
                Step::Guess => match tries.admit(ACCOUNT, now) {
                    Admission::Free => {
                        tries = tries.failed(ACCOUNT, now);
                        guesses.push(now);
                    }
                    Admission::Charged(charged) => {
                        tries = charged;
                        guesses.push(now);
                    }
                    Admission::Blocked { wait } => prop_assert!(!wait.is_zero() && wait <= ACCOUNT.longest_delay),
                },
            }
        }
        // Six guesses in a row are at most five free ones and one charged; the seventh comes after a delay.
        for window in guesses.windows(7) {
            prop_assert!(window[6].since(window[0]) >= ACCOUNT.first_delay);
        }
    }
}
