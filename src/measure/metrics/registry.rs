//! The registry: one line a metric.

use super::super::fairness::AccountShares;
use super::super::findings::AlertRow;
use super::super::findings::Quantile::{self, Exactly};
use super::super::latency::Group;
use super::super::times::{Permille, Times};
use super::{Metric, Scope, Selection, Unit};
use crate::detector::Severity;

const fn metric(
    name: &'static str,
    unit: Unit,
    scope: Scope,
    doc: &'static str,
    of: fn(&Selection<'_>) -> Option<Quantile>,
) -> Metric {
    Metric { name, unit, scope, doc, of }
}

use Scope::{Accounts, Alerts, Destinations, Messages, Party, Run};
use Unit::{Count, Ratio, Seconds};

/// Every metric that a check can name.
#[rustfmt::skip]
pub const METRICS: &[Metric] = &[
    metric("submitted", Count, Messages, "messages submitted, the refused included", |s| count(s.group().messages().submitted)),
    metric("delivered", Count, Messages, "messages delivered, by receipt", |s| count(s.group().messages().delivered)),
    metric("unfinished", Count, Messages, "messages still queued, parked or in flight at the end", unfinished),
    metric("unknown_ratio", Ratio, Messages, "outcome never learnt ÷ submitted", |s| s.ratio(|g| g.messages().unknown)),
    metric("lost_on_restart", Count, Run, "messages that a process which died held in memory", |s| count(s.findings.summary.lost_on_restart)),
    metric("duplicates", Count, Messages, "copies beyond the first that the carrier delivered", |s| count(s.group().messages().duplicates)),
    metric("delivered_ratio", Ratio, Messages, "delivered by receipt ÷ submitted", |s| s.ratio(|g| g.messages().delivered)),
    metric("refused_ratio", Ratio, Messages, "refused by admission ÷ submitted", |s| s.ratio(|g| g.messages().refused)),
    metric("expired_ratio", Ratio, Messages, "expired before dispatch ÷ submitted", |s| s.ratio(|g| g.messages().expired)),
    metric("cancelled_ratio", Ratio, Messages, "withdrawn before dispatch ÷ submitted", |s| s.ratio(|g| g.messages().cancelled)),
    metric("failed_ratio", Ratio, Messages, "failed ÷ submitted", |s| s.ratio(|g| g.messages().failed)),
    metric("spilled_ratio", Ratio, Messages, "went out from another sender than their own ÷ submitted", |s| s.ratio(|g| g.spilled)),
    metric("wasted_quota", Ratio, Messages, "segments of attempts that were throttled, refused for now or never answered ÷ segments dispatched", wasted_quota),
    metric("on_time", Ratio, Messages, "first dispatched within the class's deadline ÷ submitted, the refused included", |s| s.group().on_time_ratio().map(Exactly)),
    metric("on_time_worst", Ratio, Messages, "the least on_time of a tenant: service-level attainment of whom it is kept worst for; 1 is best", |s| s.least_tenant(Group::on_time_ratio)),
    metric("dwell_p50", Seconds, Messages, "median of submission to first dispatch", |s| dwell(s, Permille::P50)),
    metric("dwell_p90", Seconds, Messages, "90th percentile of submission to first dispatch", |s| dwell(s, Permille::P90)),
    metric("dwell_p99", Seconds, Messages, "99th percentile of submission to first dispatch", |s| dwell(s, Permille::P99)),
    metric("dwell_p999", Seconds, Messages, "99.9th percentile of submission to first dispatch", |s| dwell(s, Permille::P999)),
    metric("dwell_max", Seconds, Messages, "longest from submission to first dispatch", |s| dwell(s, Permille::MAX)),
    metric("dwell_mean", Seconds, Messages, "mean of submission to first dispatch, of those dispatched", |s| s.group().dwell.mean_s().map(Exactly)),
    metric("dwell_p99_worst", Seconds, Messages, "the worst tenant's 99th percentile of submission to first dispatch", |s| s.worst_tenant(dwell_of, Permille::P99)),
    metric("latency_p50", Seconds, Messages, "median of submission to delivery", |s| latency(s, Permille::P50)),
    metric("latency_p90", Seconds, Messages, "90th percentile of submission to delivery", |s| latency(s, Permille::P90)),
    metric("latency_p99", Seconds, Messages, "99th percentile of submission to delivery", |s| latency(s, Permille::P99)),
    metric("latency_p999", Seconds, Messages, "99.9th percentile of submission to delivery", |s| latency(s, Permille::P999)),
    metric("latency_max", Seconds, Messages, "longest from submission to delivery", |s| latency(s, Permille::MAX)),
    metric("latency_mean", Seconds, Messages, "mean of submission to delivery, of those delivered", |s| s.group().latency.mean_s().map(Exactly)),
    metric("told_latency_p50", Seconds, Messages, "median of submission to delivery as receipts tell it, see receipt-resolution", |s| told(s, Permille::P50)),
    metric("told_latency_p99", Seconds, Messages, "99th percentile of submission to delivery as receipts tell it", |s| told(s, Permille::P99)),
    metric("told_latency_mean", Seconds, Messages, "mean of submission to delivery as receipts tell it", |s| s.group().told_latency.mean_s().map(Exactly)),
    metric("jain", Ratio, Destinations, "Jain's index of sent ÷ entitled over contended windows; 1 is fair", |s| fairness(s).jain.map(Exactly)),
    metric("jain_normalised", Ratio, Destinations, "Jain's index J of a window's n tenants as (nJ - 1) ÷ (n - 1), so that 0 is one who has all, however many there are; averaged over contended windows by segments; 1 is fair (Jain, Chiu and Hawe 1984)", |s| fairness(s).jain_normalised.map(Exactly)),
    metric("max_min_distance", Ratio, Destinations, "half the summed distance from the max-min division ÷ sent, over contended windows; 0 is fair", |s| fairness(s).max_min_distance.map(Exactly)),
    metric("max_min_distance_worst", Ratio, Destinations, "the largest |sent - entitled| ÷ entitled of a tenant over contended windows (D∞ of the max-min division); 0 is fair", |s| fairness(s).max_min_distance_worst.map(Exactly)),
    metric("relative_fairness_bound", Seconds, Destinations, "the largest |Wi/ri - Wj/rj| of two tenants while both wait, r by weight among all; of more than 64 tenants, the largest of a sample (Golestani 1994)", |s| fairness(s).relative_fairness_bound_s.map(Exactly)),
    metric("lag_max", Seconds, Destinations, "how far a tenant falls behind the fluid division of what is dispatched among those who wait, in time of its share then; gps_lag_max is against that of the arrivals", |s| fairness(s).lag_max_s.map(Exactly)),
    metric("lead_max", Seconds, Destinations, "how far a tenant gets ahead of the fluid division of what is dispatched, in time of its share", |s| fairness(s).lead_max_s.map(Exactly)),
    metric("worst_case_fair_index", Seconds, Destinations, "the largest W/r - Wi/ri over intervals in which i waits that end with a dispatch of i", |s| fairness(s).worst_case_fair_index_s.map(Exactly)),
    metric("starvation_max", Seconds, Destinations, "the longest that a tenant waits without a dispatch", |s| fairness(s).starvation_max_s.map(Exactly)),
    metric("starvation_segments", Count, Destinations, "the longest that a tenant waits without a dispatch × its guaranteed rate: segments that it could have been sent meanwhile", |s| fairness(s).starvation_max_segments.map(Exactly)),
    metric("service_jitter_max", Ratio, Destinations, "the largest coefficient of variation of a waiting tenant's gaps between dispatches, of at least ten", |s| fairness(s).service_jitter_max.map(Exactly)),
    metric("unfairness_first", Ratio, Destinations, "sum of the numbers of the tenants' first dispatches ÷ tenants squared; below 0.5 where newcomers do not queue", |s| fairness(s).unfairness_first.map(Exactly)),
    metric("displacement_max", Ratio, Destinations, "the largest over tenants of mean (number in order of leaving the queues - in order of arrival) × tenants ÷ (own messages × all); 0 in order of arrival, at most the tenants (Temporal, fairsim)", |s| fairness(s).displacement_max.map(Exactly)),
    metric("wrong_orderness", Ratio, Destinations, "pairs of messages of which the lighter class went while the heavier one waited ÷ n(n - 1)/2 of n dispatched; 0 to 1, 0 under strict priority (Temporal)", |s| fairness(s).wrong_orderness.map(Exactly)),
    metric("time_to_fairness", Seconds, Destinations, "the longest from a change (a tenant's first message, a weight, the quota) to the end of a contended window begun since, less the time that nobody competes before it, in which every tenant was sent what it is entitled to, within a tenth or one message", |s| fairness(s).time_to_fairness_max_s),
    metric("gini", Ratio, Destinations, "Gini's coefficient of sent ÷ max-min entitlement over tenants; 0 is fair", |s| fairness(s).gini.map(Exactly)),
    metric("theil", Ratio, Destinations, "Theil's index of sent ÷ max-min entitlement over tenants; 0 is fair", |s| fairness(s).theil.map(Exactly)),
    metric("atkinson", Ratio, Destinations, "Atkinson's index (aversion 1) of sent ÷ max-min entitlement over tenants; 0 is fair", |s| fairness(s).atkinson.map(Exactly)),
    metric("welfare_loss_1", Ratio, Destinations, "1 - the part of an ideal division that is as good as what tenants were sent, by sum of w ln x (alpha-fairness with alpha 1, Mo and Walrand 2000); 0 is fair, 1 if one has nothing; at alpha 0 it is 1 - work_conservation", |s| fairness(s).welfare_loss_1.map(Exactly)),
    metric("welfare_loss_2", Ratio, Destinations, "the same with alpha 2 (least potential delay); 0 is fair, 1 if one has nothing", |s| fairness(s).welfare_loss_2.map(Exactly)),
    metric("welfare_loss_max_min", Ratio, Destinations, "the same with alpha infinite (max-min): 1 - the least sent ÷ entitled; 0 is fair, 1 if one has nothing", |s| fairness(s).welfare_loss_max_min.map(Exactly)),
    metric("min_max_ratio", Ratio, Destinations, "the least sent ÷ max-min entitlement of a tenant ÷ the greatest; 1 is fair", |s| fairness(s).min_max_ratio.map(Exactly)),
    metric("service_gap", Ratio, Destinations, "the greatest sent ÷ max-min entitlement of a tenant - the least; 0 is fair", |s| fairness(s).service_gap.map(Exactly)),
    metric("service_difference_max", Seconds, Destinations, "the largest of a window's max over tenants of min(most sent - sent, asked - sent), in time of guaranteed rates; 0 is fair (Sheng et al., VTC, OSDI 2024)", |s| fairness(s).service_difference_max_s.map(Exactly)),
    metric("service_difference_mean", Seconds, Destinations, "mean of the same over windows in which two or more ask", |s| fairness(s).service_difference_mean_s.map(Exactly)),
    metric("service_difference_deviation", Seconds, Destinations, "standard deviation of the same: the root of the variance that VTC reports", |s| fairness(s).service_difference_deviation_s.map(Exactly)),
    metric("gps_lag", Count, Destinations, "segments that the fluid system of the arrivals (GPS) served of a tenant - segments dispatched of it, at most; at least 0, at most the largest message under wfq and wf2q (Parekh and Gallager 1993, theorem 2)", |s| fairness(s).gps_lag_max_segments.map(Exactly)),
    metric("gps_lead", Count, Destinations, "segments dispatched of a tenant - segments that the fluid system of the arrivals served of it, at most; at least 0, at most the largest message under wf2q (Bennett and Zhang 1996, theorem 1), unbounded under wfq", |s| fairness(s).gps_lead_max_segments.map(Exactly)),
    metric("gps_lag_max", Seconds, Destinations, "gps_lag in time of the tenant's guaranteed rate: its part of the quota when every tenant has work", |s| fairness(s).gps_lag_max_s.map(Exactly)),
    metric("gps_lead_max", Seconds, Destinations, "gps_lead in time of the tenant's guaranteed rate", |s| fairness(s).gps_lead_max_s.map(Exactly)),
    metric("gps_lateness_p99", Seconds, Destinations, "99th percentile over dispatches of max(0, dispatch - end of the message in the fluid system of the arrivals)", |s| fairness(s).gps_lateness_p99_s),
    metric("gps_lateness_max", Seconds, Destinations, "the largest max(0, dispatch - end of the message in the fluid system of the arrivals); at most the largest message ÷ quota under wfq and wf2q (Parekh and Gallager 1993, theorem 1)", |s| fairness(s).gps_lateness_max_s),
    metric("absolute_fairness_bound", Seconds, Destinations, "the largest |Wi - Gi| ÷ ri over intervals in which tenant i waits, W dispatched, G served by the fluid system of the arrivals, r guaranteed; 0 only for a fluid (Zhou and Sethu 2002)", |s| fairness(s).absolute_fairness_bound_s.map(Exactly)),
    metric("work_conservation", Ratio, Destinations, "segments sent ÷ segments that demand and quota allowed", |s| fairness(s).work_conservation.map(Exactly)),
    metric("utilisation", Ratio, Destinations, "segments sent while arrivals lasted ÷ quota × duration", utilisation),
    metric("contention_share_min", Ratio, Accounts, "the least of sent ÷ owed by weight in contention, over tenants owed at least ten messages at a time", contention_share_min),
    metric("share_over_entitlement", Ratio, Accounts, "sent ÷ max-min entitlement over contended windows", share_over_entitlement),
    metric("finish_time_fairness_max", Ratio, Accounts, "the largest over tenants of the time that its messages wait ÷ what they would have waited on its guaranteed rate alone; at most 1 where sharing is worth while (Mahajan et al., Themis, NSDI 2020)", finish_time_fairness_max),
    metric("share_mean", Ratio, Party, "share of what the destination sent while there was unserved work of the selected", share_mean),
    metric("alerts", Count, Alerts, "alerts raised", alerts),
    metric("false_alarms", Count, Alerts, "alerts raised outside every incident", false_alarms),
    metric("incidents", Count, Run, "injected failures that touched traffic", |s| detection(s, |d| Some(d.incidents as f64))),
    metric("recall", Ratio, Run, "incidents with an alert onset inside ÷ incidents", |s| detection(s, |d| d.recall)),
    metric("precision", Ratio, Run, "alert onsets inside an incident of their account ÷ alert onsets", |s| detection(s, |d| d.precision)),
    metric("detection_delay", Seconds, Run, "median over detected incidents of first onset − start", |s| detection(s, |d| d.delay_median_s)),
];

fn count(number: u64) -> Option<Quantile> {
    Some(Exactly(number as f64))
}

fn unfinished(selection: &Selection<'_>) -> Option<Quantile> {
    let group = selection.group();
    let messages = group.messages();
    count(messages.queued + messages.parked + messages.in_flight)
}

fn dwell_of(group: &Group) -> &Times {
    &group.dwell
}

fn dwell(selection: &Selection<'_>, probability: Permille) -> Option<Quantile> {
    selection.group().dwell.quantile(probability)
}

fn latency(selection: &Selection<'_>, probability: Permille) -> Option<Quantile> {
    selection.group().latency.quantile(probability)
}

fn told(selection: &Selection<'_>, probability: Permille) -> Option<Quantile> {
    selection.group().told_latency.quantile(probability)
}

fn fairness(selection: &Selection<'_>) -> super::super::findings::FairnessFigures {
    selection.findings.detail.fairness.figures(selection.destination)
}

fn utilisation(selection: &Selection<'_>) -> Option<Quantile> {
    let duration = selection.scenario.duration.as_seconds_f64();
    let (mut sent, mut allowed) = (0, 0.0);
    for (index, destination) in selection.scenario.destinations.iter().enumerate() {
        let wanted = selection.destination.is_none_or(|wanted| wanted.index() == index);
        if let Some(quota) = destination.quota.filter(|_| wanted) {
            sent += selection.findings.detail.sent_while_arriving[index];
            allowed += quota.rate.per_second_f64() * duration;
        }
    }
    (allowed > 0.0).then(|| Exactly(sent as f64 / allowed))
}

fn wasted_quota(selection: &Selection<'_>) -> Option<Quantile> {
    let group = selection.group();
    let (attempted, in_vain) = (group.attempted, group.attempted_in_vain);
    (attempted > 0).then(|| Exactly(in_vain as f64 / attempted as f64))
}

fn contention_share_min(selection: &Selection<'_>) -> Option<Quantile> {
    let shares = selection.accounts().filter_map(AccountShares::contention_share);
    shares.reduce(f64::min).map(Exactly)
}

fn finish_time_fairness_max(selection: &Selection<'_>) -> Option<Quantile> {
    let tenants = selection.accounts().filter_map(|account| account.finish_time_fairness);
    tenants.reduce(f64::max).map(Exactly)
}

fn share_over_entitlement(selection: &Selection<'_>) -> Option<Quantile> {
    let (mut sent, mut entitled) = (0, 0.0);
    for account in selection.accounts() {
        sent += account.judged_sent;
        entitled += account.judged_entitled;
    }
    (entitled > 0.0).then(|| Exactly(sent as f64 / entitled))
}

fn share_mean(selection: &Selection<'_>) -> Option<Quantile> {
    let party = selection.party()?;
    (party.sent_by_all > 0).then(|| Exactly(party.sent as f64 / party.sent_by_all as f64))
}

/// Alerts of the selected; absent when no detector watched.
fn alerts(selection: &Selection<'_>) -> Option<Quantile> {
    selection.scenario.detector.as_ref()?;
    let alerts = selection.findings.alerts.iter();
    count(alerts.filter(|alert| selection.has_names(&alert.tenant, &alert.destination)).count()
        as u64)
}

/// Alerts of the selected that belong to no fault; absent until the detector was judged.
fn false_alarms(selection: &Selection<'_>) -> Option<Quantile> {
    selection.findings.summary.detection.as_ref()?;
    let is_page = |alert: &&AlertRow| alert.severity != Severity::None.name();
    let pages = selection.findings.alerts.iter().filter(is_page);
    let alerts = pages.filter(|alert| alert.fault.is_empty());
    count(alerts.filter(|alert| selection.has_names(&alert.tenant, &alert.destination)).count()
        as u64)
}

fn detection(
    selection: &Selection<'_>,
    of: impl Fn(&super::super::findings::DetectionFigures) -> Option<f64>,
) -> Option<Quantile> {
    selection.findings.summary.detection.as_ref().and_then(of).map(Exactly)
}
