//! Gives the rows of a log their places in a scenario.

use std::collections::BTreeMap;

use super::super::decode::tenant::{MOST_SENDERS, MOST_TENANTS};
use super::super::decode::values::check_name;
use super::super::resolved::{LoggedArrival, MessageLog, Scenario, Sender, Submissions, Tenant};
use super::{LogError, LogRow, known};
use crate::time::{Span, Time};
use crate::units::{CampaignId, ClassId, DestinationId, SenderId, TenantId, TenantSetId, Weight};

/// What holds for rows that do not say, and for the tenants that a log creates.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LogDefaults {
    /// Where to; `None` when every row must say.
    pub destination: Option<DestinationId>,
    /// Which class; `None` when every row must say.
    pub class: Option<ClassId>,
    /// How long a message stays worth sending.
    pub validity: Option<Span>,
    /// The population of created tenants.
    pub group: String,
    /// The tenant set of created tenants.
    pub set: Option<TenantSetId>,
}

impl LogDefaults {
    /// The only destination and class of `scenario`, where it has only one.
    pub fn of(scenario: &Scenario) -> Self {
        LogDefaults {
            destination: (scenario.destinations.len() == 1).then_some(DestinationId(0)),
            class: (scenario.classes.len() == 1).then_some(ClassId(0)),
            validity: None,
            group: "log".into(),
            set: None,
        }
    }
}

/// Makes `rows`, in order of time, the log of `scenario`: names are resolved, unknown tenants and
/// senders are created, and senders that a row does not name are used in turn. Rows at or after the
/// end of arrivals are left out. `origin` is the path as written and the content hash.
///
/// Returns warnings.
///
/// # Errors
/// All rows that do not fit the scenario; it is unchanged then.
pub fn attach_log(
    scenario: &mut Scenario,
    origin: (String, String),
    rows: Vec<LogRow>,
    defaults: &LogDefaults,
) -> Result<Vec<String>, Vec<LogError>> {
    let last_line = rows.last().map_or(1, |row| row.line);
    let total = rows.len();
    let end = Time::ZERO + scenario.duration;
    let mut registry = Registry::new(scenario, defaults);
    let (mut placed, mut errors) = (Vec::with_capacity(total), Vec::new());
    for row in rows.iter().filter(|row| row.time < end) {
        match registry.place(row) {
            Ok(arrival) => placed.push(arrival),
            Err(error) => errors.push(error),
        }
    }
    if placed.is_empty() && errors.is_empty() {
        let what = "all messages of the log come after the end of arrivals";
        let wanted = "lengthen `duration` or raise `compress`";
        errors.push(LogError::new(last_line, "", what, wanted));
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let left_out = total - placed.len();
    let Registry { tenants, senders, .. } = registry;
    move_in(scenario, tenants, senders, &mut placed);
    let (path, content_hash) = origin;
    scenario.log = Some(MessageLog { path, content_hash, arrivals: placed });
    let warning = format!(
        "{left_out} of {total} messages of the log come at or after the end of arrivals and are left out"
    );
    Ok((left_out > 0).then_some(warning).into_iter().collect())
}

/// As [`attach_log`], with the log in place of all traffic of `scenario`: its sources are silent, and
/// faults neither add to it nor withhold from it. They stay in the scenario, because orders and notices
/// name campaigns.
///
/// # Errors
/// As [`attach_log`].
pub fn replay_log(
    scenario: &mut Scenario,
    origin: (String, String),
    rows: Vec<LogRow>,
) -> Result<Vec<String>, Vec<LogError>> {
    let defaults = LogDefaults::of(scenario);
    let warnings = attach_log(scenario, origin, rows, &defaults)?;
    scenario.submissions = Submissions::Replayed;
    Ok(warnings)
}

/// Tenants and senders by name while rows are placed. Senders are counted within their tenant.
struct Registry<'a> {
    destinations: BTreeMap<&'a str, DestinationId>,
    classes: BTreeMap<&'a str, ClassId>,
    /// By tenant and name.
    campaigns: BTreeMap<(TenantId, &'a str), CampaignId>,
    defaults: &'a LogDefaults,
    tenants: Vec<Tenant>,
    tenant_by_name: BTreeMap<String, TenantId>,
    /// Population names that are not tenants, with their sizes.
    populations: BTreeMap<String, usize>,
    senders: Vec<TenantSenders>,
    sender_count: u64,
}

#[derive(Default)]
struct TenantSenders {
    all: Vec<Sender>,
    by_name: BTreeMap<String, u32>,
    /// How many were there before the log, and how often one of them was used in turn.
    declared: u32,
    turns: u64,
}

impl<'a> Registry<'a> {
    fn new(scenario: &'a Scenario, defaults: &'a LogDefaults) -> Self {
        let mut registry = Registry {
            destinations: BTreeMap::new(),
            classes: BTreeMap::new(),
            campaigns: BTreeMap::new(),
            defaults,
            tenants: scenario.tenants.clone(),
            tenant_by_name: BTreeMap::new(),
            populations: BTreeMap::new(),
            senders: Vec::new(),
            sender_count: scenario.senders.len() as u64,
        };
        for (index, destination) in scenario.destinations.iter().enumerate() {
            registry.destinations.insert(&destination.name, DestinationId(index as u16));
        }
        for (index, class) in scenario.classes.iter().enumerate() {
            registry.classes.insert(&class.name, ClassId(index as u16));
        }
        for (index, source) in scenario.sources.iter().enumerate() {
            let campaign = CampaignId(index as u32);
            registry.campaigns.insert((source.tenant, &source.name), campaign);
        }
        for (index, tenant) in scenario.tenants.iter().enumerate() {
            registry.tenant_by_name.insert(tenant.name.clone(), TenantId(index as u32));
            if tenant.group != tenant.name {
                *registry.populations.entry(tenant.group.clone()).or_default() += 1;
            }
        }
        registry.senders.resize_with(scenario.tenants.len(), TenantSenders::default);
        for sender in &scenario.senders {
            let own = &mut registry.senders[sender.tenant.index()];
            own.by_name.insert(sender.name.clone(), own.all.len() as u32);
            own.all.push(sender.clone());
            own.declared += 1;
        }
        registry
    }

    /// The arrival of a row; its sender is a position within the tenant.
    fn place(&mut self, row: &LogRow) -> Result<LoggedArrival, LogError> {
        let destination = one_of(
            row,
            "destination",
            row.destination.as_deref(),
            &self.destinations,
            self.defaults.destination,
        )?;
        let class = one_of(row, "class", row.class.as_deref(), &self.classes, self.defaults.class)?;
        let tenant = self.tenant(row)?;
        let sender = self.sender(row, tenant)?;
        let campaign = match &row.campaign {
            Some(name) => Some(self.campaign(row, tenant, name)?),
            None => None,
        };
        Ok(LoggedArrival {
            time: row.time,
            tenant,
            sender: SenderId(sender),
            destination,
            class,
            segments: row.segments,
            validity: row.validity.or(self.defaults.validity),
            campaign,
            luck: row.luck,
        })
    }

    fn tenant(&mut self, row: &LogRow) -> Result<TenantId, LogError> {
        if let Some(tenant) = self.tenant_by_name.get(&row.tenant) {
            return Ok(*tenant);
        }
        let name = row.tenant.as_str();
        if let Some(size) = self.populations.get(name) {
            let what = format!("`{name}` is a population of {size} tenants");
            return Err(LogError::new(row.line, name, what, "a row names one tenant"));
        }
        check_new_name(row, "tenant", name)?;
        if self.tenants.len() as u64 >= MOST_TENANTS {
            let what = format!("this row makes more than {MOST_TENANTS} tenants");
            return Err(LogError::new(row.line, name, what, "a scenario cannot have more"));
        }
        let id = TenantId(self.tenants.len() as u32);
        self.tenants.push(Tenant {
            name: name.into(),
            group: self.defaults.group.clone(),
            set: self.defaults.set,
            weight: Weight::ONE,
            cap: None,
            daily_cap: None,
            spills: false,
        });
        self.senders.push(TenantSenders::default());
        self.tenant_by_name.insert(name.into(), id);
        Ok(id)
    }

    fn campaign(&self, row: &LogRow, of: TenantId, name: &str) -> Result<CampaignId, LogError> {
        self.campaigns.get(&(of, name)).copied().ok_or_else(|| {
            let all = self.campaigns.keys();
            let own: Vec<&str> =
                all.filter(|(tenant, _)| *tenant == of).map(|(_, name)| *name).collect();
            let what = format!("`{}` has no traffic named `{name}`", row.tenant);
            let wanted = match own.is_empty() {
                true => "it has none in the scenario; leave the campaign empty".to_owned(),
                false => known(name, own.iter().copied()),
            };
            LogError::new(row.line, name, what, wanted)
        })
    }

    fn sender(&mut self, row: &LogRow, tenant: TenantId) -> Result<u32, LogError> {
        let own = &mut self.senders[tenant.index()];
        let name = match &row.sender {
            Some(name) => name.as_str(),
            None if own.declared > 0 => {
                let turn = own.turns % u64::from(own.declared);
                own.turns += 1;
                return Ok(turn as u32);
            }
            None => "sender-1",
        };
        if let Some(sender) = own.by_name.get(name) {
            return Ok(*sender);
        }
        check_new_name(row, "sender", name)?;
        self.sender_count += 1;
        if self.sender_count > MOST_SENDERS {
            let what = format!("this row makes more than {MOST_SENDERS} senders");
            return Err(LogError::new(row.line, name, what, "a scenario cannot have more"));
        }
        let position = own.all.len() as u32;
        let first = own.all.first();
        let (cap, daily_cap) = first.map_or((None, None), |first| (first.cap, first.daily_cap));
        let class = first.and_then(|first| first.class.clone());
        own.all.push(Sender { name: name.into(), tenant, cap, daily_cap, class });
        own.by_name.insert(name.into(), position);
        Ok(position)
    }
}

fn check_new_name(row: &LogRow, what: &str, name: &str) -> Result<(), LogError> {
    check_name(name).map_err(|why| {
        LogError::new(row.line, name, format!("`{name}` is not a good name for a {what}"), why)
    })
}

fn one_of<T: Copy>(
    row: &LogRow,
    what: &str,
    written: Option<&str>,
    all: &BTreeMap<&str, T>,
    default: Option<T>,
) -> Result<T, LogError> {
    match written {
        Some(name) => all.get(name).copied().ok_or_else(|| {
            let wanted = known(name, all.keys().copied());
            LogError::new(row.line, name, format!("there is no {what} named `{name}`"), wanted)
        }),
        None => default.ok_or_else(|| {
            let what = format!("the row does not say which {what}");
            let wanted = format!("there are {}; give a default in `[log]`", all.len());
            LogError::new(row.line, "", what, wanted)
        }),
    }
}

/// Replaces the people of `scenario`, keeping the senders of a tenant adjacent, and turns positions
/// within a tenant into identities.
fn move_in(
    scenario: &mut Scenario,
    tenants: Vec<Tenant>,
    senders: Vec<TenantSenders>,
    arrivals: &mut [LoggedArrival],
) {
    let mut before: Vec<u32> = vec![u32::MAX; scenario.tenants.len()];
    for (index, sender) in scenario.senders.iter().enumerate() {
        let first = &mut before[sender.tenant.index()];
        *first = (*first).min(index as u32);
    }
    let mut first_of: Vec<u32> = Vec::with_capacity(tenants.len());
    let mut flat = Vec::new();
    for own in senders {
        first_of.push(flat.len() as u32);
        flat.extend(own.all);
    }
    let injected = scenario.faults.iter_mut().flat_map(|fault| &mut fault.sources);
    for source in scenario.sources.iter_mut().chain(injected) {
        let within = source.first_sender.0 - before[source.tenant.index()];
        source.first_sender = SenderId(first_of[source.tenant.index()] + within);
    }
    for arrival in arrivals {
        arrival.sender = SenderId(first_of[arrival.tenant.index()] + arrival.sender.0);
    }
    scenario.tenants = tenants;
    scenario.senders = flat;
}
