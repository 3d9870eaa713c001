//! Detection accuracy: alerts against injected failures.
//!
//! Only **onsets** earn credit. An alarm that was already on when an incident began says nothing about
//! it, so a detector that is always on detects nothing beyond the instant at which it came on.

use crate::detector::{Account, AlertChange, AlertEvent, AlertKind, Scores, Severity};
use crate::time::{Span, Time};
use crate::units::{DestinationId, TenantId};

use super::DetectionFigures;

/// The truth: one injected failure while it lasted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Incident {
    /// Position of the fault in the scenario.
    pub fault: usize,
    /// Where.
    pub destination: DestinationId,
    /// Whom it hit; `None` for every tenant of the destination.
    pub tenant: Option<TenantId>,
    /// When it began.
    pub start: Time,
    /// When it ended.
    pub end: Time,
    /// Whether anything was sent or submitted in its scope while it lasted. What touched nothing
    /// cannot be seen: it is no incident, and an alert inside it is a false alarm.
    pub touched_traffic: bool,
}

/// One alert, from its onset to its end.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Onset {
    /// Whom it is about.
    pub account: Account,
    /// What is abnormal.
    pub kind: AlertKind,
    /// How bad it was at the onset.
    pub severity: Severity,
    /// The scores at the onset.
    pub scores: Scores,
    /// Start of the first abnormal window, as the detector says.
    pub since: Time,
    /// When it was raised.
    pub raised: Time,
    /// When it was cleared, if it was.
    pub cleared: Option<Time>,
}

/// Alerts and incidents matched.
#[derive(Clone, PartialEq, Debug)]
pub struct Detection {
    /// The figures.
    pub figures: DetectionFigures,
    /// By onset: the fault it belongs to; `None` for a false alarm. Where incidents overlap this is
    /// the one that began last, and of those that began together the first in the scenario.
    pub faults: Vec<Option<usize>>,
    /// By incident: its first onset after the start; `None` if it was missed or touched nothing.
    pub delays: Vec<Option<Span>>,
}

/// How long and over how many tenants a detector was watched: what false alarms are divided by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Exposure {
    /// Tenants under watch.
    pub tenants: u64,
    /// For how long.
    pub observed: Span,
}

impl Incident {
    /// Whether `onset` can be owed to the incident: its account is in scope, and it was raised after
    /// the start and at most `grace` after the end. At the very start nothing of it has been seen.
    pub fn explains(&self, onset: &Onset, grace: Span) -> bool {
        self.touched_traffic
            && self.destination == onset.account.destination
            && self.tenant.is_none_or(|tenant| tenant == onset.account.tenant)
            && self.start < onset.raised
            && onset.raised <= self.end.saturating_add(grace)
    }
}

/// Alerts in order of their onsets, gathered from the events of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Onsets(Vec<Onset>);

impl Onsets {
    /// Takes note of an alert that was raised or cleared at `time`.
    pub fn record(&mut self, time: Time, event: &AlertEvent) {
        let &AlertEvent { account, kind, severity, change, scores, since, .. } = event;
        match change {
            AlertChange::Raised => self.0.push(Onset {
                account,
                kind,
                severity,
                scores,
                since,
                raised: time,
                cleared: None,
            }),
            AlertChange::Cleared => {
                let same = |onset: &&mut Onset| onset.account == account && onset.kind == kind;
                if let Some(onset) = self.0.iter_mut().rev().find(same) {
                    onset.cleared = onset.cleared.or(Some(time));
                }
            }
        }
    }

    /// The alerts so far.
    pub fn as_slice(&self) -> &[Onset] {
        &self.0
    }
}

/// Matches alert onsets with incidents.
///
/// An incident is detected if at least one onset can be owed to it ([`Incident::explains`]); further
/// onsets, of the same or other accounts, are correct too but detect nothing more. An onset inside
/// several incidents detects all of them. `grace` is how late an onset may be because the detector
/// judges whole windows: one window. A notice ([`Severity::None`]) pages nobody: it detects nothing and
/// is no false alarm.
pub fn match_onsets(
    incidents: &[Incident],
    onsets: &[Onset],
    grace: Span,
    exposure: Exposure,
) -> Detection {
    let mut delays: Vec<Option<Span>> = vec![None; incidents.len()];
    let mut faults = Vec::with_capacity(onsets.len());
    for onset in onsets {
        let mut owed_to: Option<&Incident> = None;
        if onset.severity == Severity::None {
            faults.push(None);
            continue;
        }
        for (incident, delay) in incidents.iter().zip(&mut delays) {
            if !incident.explains(onset, grace) {
                continue;
            }
            let after = onset.raised.since(incident.start);
            *delay = Some(delay.map_or(after, |earlier| earlier.min(after)));
            let later =
                |other: &Incident| (incident.start, other.fault) > (other.start, incident.fault);
            if owed_to.is_none_or(later) {
                owed_to = Some(incident);
            }
        }
        faults.push(owed_to.map(|incident| incident.fault));
    }

    let visible = incidents.iter().filter(|incident| incident.touched_traffic).count() as u64;
    let mut found: Vec<Span> = delays.iter().copied().flatten().collect();
    found.sort_unstable();
    let pages = || onsets.iter().zip(&faults).filter(|(onset, _)| onset.severity != Severity::None);
    let alerts = pages().count() as u64;
    let false_alarms = pages().filter(|(_, fault)| fault.is_none()).count() as u64;
    let tenant_days = exposure.tenants as f64 * exposure.observed.as_seconds_f64() / 86_400.0;
    let figures = DetectionFigures {
        incidents: visible,
        detected: found.len() as u64,
        recall: ratio(found.len() as u64, visible),
        precision: ratio(alerts - false_alarms, alerts),
        delay_median_s: median_s(&found),
        delay_p90_s: nine_in_ten_s(&found, visible),
        delay_censored_mean_s: censored_mean_s(incidents, &delays),
        alerts_per_incident: ratio(alerts - false_alarms, found.len() as u64),
        reset_median_s: reset_median_s(incidents, onsets, grace),
        alerts,
        false_alarms,
        false_alarms_per_tenant_day: (tenant_days > 0.0).then(|| false_alarms as f64 / tenant_days),
    };
    Detection { figures, faults, delays }
}

fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// The delay within which nine in ten of `all` were found; the rest of them were missed.
fn nine_in_ten_s(ascending: &[Span], all: u64) -> Option<f64> {
    let rank = (9 * all).div_ceil(10).checked_sub(1)?;
    ascending.get(usize::try_from(rank).ok()?).map(|delay| delay.as_seconds_f64())
}

/// The mean delay where a missed incident counts with its length.
fn censored_mean_s(incidents: &[Incident], delays: &[Option<Span>]) -> Option<f64> {
    let (mut sum_s, mut visible) = (0.0, 0_u64);
    for (incident, delay) in incidents.iter().zip(delays).filter(|(one, _)| one.touched_traffic) {
        let lost = delay.unwrap_or(incident.end.since(incident.start));
        (sum_s, visible) = (sum_s + lost.as_seconds_f64(), visible + 1);
    }
    (visible > 0).then(|| sum_s / visible as f64)
}

/// The median over detected incidents of the time from the end to the last clearing.
fn reset_median_s(incidents: &[Incident], onsets: &[Onset], grace: Span) -> Option<f64> {
    let mut resets: Vec<Span> = Vec::new();
    for incident in incidents {
        let owed = onsets.iter().filter(|onset| incident.explains(onset, grace));
        let cleared = owed.map(|onset| match onset.cleared {
            Some(cleared) if cleared <= incident.end => Span::ZERO,
            Some(cleared) => cleared.since(incident.end),
            None => Span::MAX,
        });
        resets.extend(cleared.max());
    }
    resets.sort_unstable();
    let lower = *resets.get(resets.len().checked_sub(1)? / 2)?;
    (lower != Span::MAX).then(|| lower.as_seconds_f64())
}

/// The median of spans in ascending order: the mean of the middle two where their number is even.
fn median_s(ascending: &[Span]) -> Option<f64> {
    let middle = ascending.len() / 2;
    let upper = ascending.get(middle)?.as_seconds_f64();
    if ascending.len() % 2 == 1 {
        return Some(upper);
    }
    Some((ascending[middle - 1].as_seconds_f64() + upper) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRACE: Span = Span::from_seconds(300);
    const TEN_TENANTS_A_DAY: Exposure =
        Exposure { tenants: 10, observed: Span::from_seconds(86_400) };

    fn incident(fault: usize, tenant: Option<u32>, start: u64, end: u64) -> Incident {
        Incident {
            fault,
            destination: DestinationId(0),
            tenant: tenant.map(TenantId),
            start: Time::from_seconds(start),
            end: Time::from_seconds(end),
            touched_traffic: true,
        }
    }

    fn onset(tenant: u32, raised: u64) -> Onset {
        Onset {
            account: Account { tenant: TenantId(tenant), destination: DestinationId(0) },
            kind: AlertKind::Failure,
            severity: Severity::High,
            scores: Scores::default(),
            since: Time::from_seconds(raised),
            raised: Time::from_seconds(raised),
            cleared: None,
        }
    }

    fn matched(incidents: &[Incident], onsets: &[Onset]) -> Detection {
        match_onsets(incidents, onsets, GRACE, TEN_TENANTS_A_DAY)
    }

    #[test]
    fn a_worked_day() {
        let incidents = [
            incident(0, None, 1_000, 2_000),
            incident(1, Some(3), 5_000, 6_000),
            incident(2, Some(4), 9_000, 9_500),
            incident(3, None, 20_000, 21_000),
        ];
        let onsets = [
            onset(1, 1_200),  // fault 0, 200 s
            onset(2, 1_500),  // fault 0 again
            onset(3, 6_300),  // fault 1 at the end of the grace, 1,300 s
            onset(5, 9_100),  // not the tenant of fault 2
            onset(1, 20_400), // fault 3, 400 s
            onset(1, 40_000), // nothing is wrong
        ];
        let Detection { figures, faults, delays } = matched(&incidents, &onsets);
        assert_eq!(faults, [Some(0), Some(0), Some(1), None, Some(3), None]);
        let seconds = |seconds| Some(Span::from_seconds(seconds));
        assert_eq!(delays, [seconds(200), seconds(1_300), None, seconds(400)]);
        assert_eq!(
            figures,
            DetectionFigures {
                incidents: 4,
                detected: 3,
                recall: Some(0.75),
                precision: Some(4.0 / 6.0),
                delay_median_s: Some(400.0),
                // One in four was missed, so nobody knows within what nine in ten were found; with its
                // length of 500 s the mean is (200 + 1,300 + 500 + 400) ÷ 4.
                delay_p90_s: None,
                delay_censored_mean_s: Some(600.0),
                alerts_per_incident: Some(4.0 / 3.0),
                reset_median_s: None,
                alerts: 6,
                false_alarms: 2,
                false_alarms_per_tenant_day: Some(0.2),
            }
        );
    }

    #[test]
    fn always_on_earns_an_incident_only_if_it_came_on_inside() {
        let incidents = [incident(0, None, 1_000, 2_000), incident(1, None, 3_000, 4_000)];
        let before = matched(&incidents, &[onset(0, 300)]);
        assert_eq!((before.figures.recall, before.figures.precision), (Some(0.0), Some(0.0)));
        let inside = matched(&incidents, &[onset(0, 1_300)]);
        assert_eq!((inside.figures.recall, inside.figures.precision), (Some(0.5), Some(1.0)));
        assert_eq!(inside.delays, [Some(Span::from_seconds(300)), None]);
    }

    #[test]
    fn the_edges_are_after_the_start_and_within_the_grace() {
        for (raised, correct) in [(1_000, false), (1_001, true), (2_300, true), (2_301, false)] {
            let found = matched(&[incident(0, None, 1_000, 2_000)], &[onset(0, raised)]);
            assert_eq!(found.figures.detected == 1, correct, "{raised}");
            assert_eq!(found.figures.false_alarms == 0, correct, "{raised}");
        }
    }

    #[test]
    fn an_onset_inside_two_incidents_detects_both_and_belongs_to_the_later() {
        let incidents = [
            incident(7, None, 1_000, 5_000),
            incident(8, Some(0), 2_000, 3_000),
            incident(9, Some(0), 2_000, 3_000),
        ];
        let found = matched(&incidents, &[onset(0, 2_300)]);
        assert_eq!(found.faults, [Some(8)]);
        assert_eq!(found.figures.detected, 3);
        assert_eq!(found.figures.precision, Some(1.0));
        let reversed: Vec<Incident> = incidents.iter().rev().copied().collect();
        assert_eq!(matched(&reversed, &[onset(0, 2_300)]).faults, [Some(8)]);
    }

    #[test]
    fn the_median_of_an_even_number_is_the_mean_of_the_middle_two() {
        let incidents: Vec<Incident> =
            (0..4).map(|n| incident(n as usize, Some(n), 1_000, 2_000)).collect();
        let onsets = [onset(0, 1_100), onset(1, 1_900), onset(2, 1_200), onset(3, 1_500)];
        assert_eq!(matched(&incidents, &onsets).figures.delay_median_s, Some(350.0));
    }

    #[test]
    fn nine_in_ten_are_found_within_the_ninetieth_percentile_of_all() {
        let incidents: Vec<Incident> =
            (0..10).map(|n| incident(n as usize, Some(n), 1_000, 2_000)).collect();
        let found = |number: u32| -> Option<f64> {
            let onsets: Vec<Onset> =
                (0..number).map(|n| onset(n, 1_100 + 10 * u64::from(n))).collect();
            matched(&incidents, &onsets).figures.delay_p90_s
        };
        assert_eq!([found(10), found(9), found(8)], [Some(180.0), Some(180.0), None]);
    }

    #[test]
    fn an_alert_is_reset_when_its_last_one_is_cleared() {
        let incidents = [incident(0, Some(0), 1_000, 2_000), incident(1, Some(1), 1_000, 2_000)];
        let cleared = |tenant, raised, cleared: Option<u64>| Onset {
            cleared: cleared.map(Time::from_seconds),
            ..onset(tenant, raised)
        };
        let reset = |onsets: &[Onset]| matched(&incidents, onsets).figures.reset_median_s;
        let early = cleared(0, 1_100, Some(1_500));
        assert_eq!(reset(&[early]), Some(0.0));
        assert_eq!(reset(&[early, cleared(0, 1_700, Some(2_600))]), Some(600.0));
        assert_eq!(reset(&[early, cleared(1, 1_700, Some(2_600))]), Some(0.0));
        assert_eq!(reset(&[early, cleared(0, 1_700, None)]), None);
        assert_eq!(reset(&[]), None);
    }

    #[test]
    fn what_is_undefined_is_absent() {
        let nothing = match_onsets(&[], &[], GRACE, Exposure { tenants: 0, observed: GRACE });
        assert_eq!(nothing.figures, DetectionFigures::default());
        let mut unseen = incident(0, None, 1_000, 2_000);
        unseen.touched_traffic = false;
        let found = matched(&[unseen], &[onset(0, 1_300)]);
        assert_eq!((found.figures.incidents, found.figures.recall), (0, None));
        assert_eq!((found.faults, found.figures.false_alarms), (vec![None], 1));
        let elsewhere = Incident { destination: DestinationId(1), ..incident(0, None, 0, 9_000) };
        assert_eq!(matched(&[elsewhere], &[onset(0, 1_300)]).figures.false_alarms, 1);
    }

    #[test]
    fn onsets_are_paired_with_their_ends() {
        let event = |tenant, kind, change| AlertEvent {
            account: Account { tenant: TenantId(tenant), destination: DestinationId(0) },
            kind,
            severity: Severity::Low,
            change,
            scores: Scores::default(),
            since: Time::ZERO,
            explanation: crate::detector::Explanation::default(),
        };
        use AlertChange::{Cleared, Raised};
        use AlertKind::{Failure, VolumeUp};
        let mut onsets = Onsets::default();
        for (second, tenant, kind, change) in [
            (10, 1, Failure, Raised),
            (20, 1, VolumeUp, Raised),
            (30, 2, Failure, Raised),
            (40, 1, Failure, Cleared),
            (50, 1, Failure, Raised),
            (60, 2, Failure, Cleared),
        ] {
            onsets.record(Time::from_seconds(second), &event(tenant, kind, change));
        }
        let spans: Vec<_> =
            onsets.as_slice().iter().map(|onset| (onset.raised, onset.cleared)).collect();
        let at = Time::from_seconds;
        assert_eq!(
            spans,
            [(at(10), Some(at(40))), (at(20), None), (at(30), Some(at(60))), (at(50), None)]
        );
    }
}
