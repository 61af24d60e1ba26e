//! Names of models: a journal of one event for each, which belongs to one model for ever.

use std::sync::Arc;

use mlrun::clock::Clock;
use mlrun::format::event::EventBody;
use mlrun::name::ModelName;
use mlrun::registry::{Decision, JournalError, Registry, event_path};
use mlrun::store::Backend;
use mlrun::store::memory::Memory;

use crate::support::REPOSITORY;
use crate::support::clock::FixedClock;
use crate::support::journal::{Journal, actor, failed, model};

fn name(text: &str) -> ModelName {
    ModelName::new(text).unwrap()
}

/// Another process on the same store.
fn other(journal: &Journal) -> Registry {
    let clock = FixedClock::new() as Arc<dyn Clock>;
    Registry::new(Arc::clone(&journal.backend), REPOSITORY.to_owned(), clock)
}

/// The second half of a rename: the model's own journal says what it is called.
fn call(registry: &Registry, model: &str, to: &str) -> Result<(), JournalError> {
    let to = name(to);
    let called = registry.commit::<(), JournalError>(&name(model), &actor(), |state| {
        let (folder, from) = (state.first_name.clone(), state.model.clone());
        Ok(Decision::Append(EventBody::Rename { folder, from, to: to.clone(), reason: None }, ()))
    });
    called.map(drop)
}

fn rename(registry: &Registry, model: &str, to: &str) {
    let state = registry.state(&name(model)).unwrap().unwrap();
    assert_eq!(registry.claim(&name(to), &state, &actor()).unwrap(), state.first_name);
    call(registry, model, to).unwrap();
}

#[test]
fn every_name_leads_to_the_model() {
    let journal = Journal::new();
    journal.snapshot("a");
    journal.release("a");
    let before = journal.state();
    rename(&journal.registry, "fraud", "risk");
    rename(&journal.registry, "fraud", "payments/risk");
    // Who has seen nothing yet, and who has.
    for registry in [other(&journal), journal.registry] {
        for known in ["fraud", "risk", "payments/risk"] {
            let state = registry.state(&name(known)).unwrap().unwrap();
            assert_eq!((state.model.as_str(), state.first_name.as_str()), ("payments/risk", "fraud"), "{known}");
            assert_eq!(state.versions, before.versions);
            assert_eq!(state.stages, before.stages);
            assert_eq!(registry.first_name(&name(known)).unwrap(), model());
            assert!(registry.event(&name(known), 2).unwrap().unwrap().event.unwrap().model == model());
            assert!(registry.has(&name(known)).unwrap());
        }
        assert_eq!(registry.models().unwrap(), [model()], "one model, whatever it is called");
        assert_eq!(registry.journals().unwrap(), [name("fraud"), name("payments/risk"), name("risk")]);
        for journal in registry.journals().unwrap() {
            assert_eq!(registry.check(&journal).unwrap().problem, None, "{journal}");
        }
        assert!(registry.state(&name("nobody")).unwrap().is_none());
    }
}

#[test]
fn what_is_written_under_any_name_is_in_one_journal() {
    let journal = Journal::new();
    journal.snapshot("a");
    rename(&journal.registry, "fraud", "risk");
    let block =
        EventBody::Block { snapshot: crate::support::journal::snapshot("a"), stage: None, reason: "leak".to_owned() };
    let late = other(&journal);
    late.commit::<(), JournalError>(&name("risk"), &actor(), |_| Ok(Decision::Append(block.clone(), ()))).unwrap();
    assert_eq!(journal.state().blocks.len(), 1);
    // A checkpoint knows the name, too.
    let state = journal.state();
    let again = mlrun::registry::State::from_checkpoint(state.to_checkpoint().unwrap());
    assert_eq!((again.model.as_str(), again.first_name.as_str()), ("risk", "fraud"));
    // As it was before it had that name: what is seen is called as it is called now.
    let then = late.state_at(&name("risk"), journal.clock.now()).unwrap().unwrap();
    assert_eq!(then.model, name("risk"));
}

#[test]
fn back_and_forth() {
    let journal = Journal::new();
    journal.snapshot("a");
    rename(&journal.registry, "fraud", "risk");
    // The first name is its own, and so is an earlier one: nothing is claimed anew.
    for to in ["fraud", "risk", "fraud"] {
        rename(&journal.registry, "risk", to);
        assert_eq!(journal.state().model.as_str(), to);
        assert_eq!(other(&journal).state(&name("risk")).unwrap().unwrap().model.as_str(), to);
    }
    assert_eq!(journal.registry.journals().unwrap().len(), 2);
}

#[test]
fn of_two_who_want_a_name_one_has_it() {
    for _ in 0..20 {
        let journal = Journal::new();
        journal.snapshot("a");
        let append =
            |_: &mlrun::registry::State| Ok::<_, JournalError>(Decision::Append(failed(journal.clock.now(), 1), ()));
        journal.registry.commit(&name("churn"), &actor(), append).unwrap();
        let registries = [other(&journal), other(&journal)];
        let models = ["fraud", "churn"];
        let owners: Vec<ModelName> = std::thread::scope(|scope| {
            let claim = |registry: &Registry, model: &str| {
                let state = registry.state(&name(model)).unwrap().unwrap();
                registry.claim(&name("risk"), &state, &actor()).unwrap()
            };
            let threads: Vec<_> = registries
                .iter()
                .zip(models)
                .map(|(registry, model)| scope.spawn(move || claim(registry, model)))
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(owners[0], owners[1], "both know whose it is");
        let late = other(&journal);
        assert_eq!(late.first_name(&name("risk")).unwrap(), owners[0]);
        let check = late.check(&name("risk")).unwrap();
        assert_eq!((check.events, check.problem), (1, None));
    }
}

#[test]
fn cut_short_between_the_two_events() {
    let journal = Journal::new();
    journal.snapshot("a");
    let state = journal.state();
    journal.registry.claim(&name("risk"), &state, &actor()).unwrap();
    // It has a second name, and is called as before.
    let late = other(&journal);
    assert_eq!(late.state(&name("risk")).unwrap().unwrap().model, model());
    assert_eq!(late.check(&name("risk")).unwrap().problem, None);
    // Claiming again claims what it has.
    assert_eq!(late.claim(&name("risk"), &state, &actor()).unwrap(), model());
    call(&late, "fraud", "risk").unwrap();
    assert_eq!(journal.state().model, name("risk"));
    assert_eq!(journal.registry.check(&model()).unwrap().problem, None);
}

#[test]
fn names_that_lead_nowhere_are_found() {
    let memory = Arc::new(Memory::default());
    let journal = Journal::on(Arc::clone(&memory) as Arc<dyn Backend>);
    journal.snapshot("a");
    rename(&journal.registry, "fraud", "risk");
    // The name's journal is taken away, and all memory of it.
    let mut files = memory.contents();
    files.retain(|path, _| *path != event_path(&name("risk"), 1) && !path.contains("heads/risk"));
    let late = other(&Journal::on(Arc::new(Memory::with_contents(files))));
    let (_, what) = late.check(&model()).unwrap().problem.unwrap();
    assert!(what.contains("`risk`"), "{what}");
    // A name that nobody reserved.
    let journal = Journal::new();
    journal.snapshot("a");
    call(&journal.registry, "fraud", "churn").unwrap();
    assert!(journal.registry.check(&model()).unwrap().problem.is_some());
    assert_eq!(journal.registry.state(&model()).unwrap().unwrap().versions.len(), 1, "and it can be used all the same");
}

/// Many models at once, in the order they are asked for, by whatever name; one that cannot be read keeps no other from being seen.
#[test]
fn states_of_many_are_those_of_each() {
    let journal = Journal::new();
    let models: Vec<ModelName> = (0..300).map(|n| name(&format!("m{n}"))).collect();
    for (n, model) in models.iter().enumerate() {
        for _ in 0..=n % 3 {
            let reason = None;
            let snapshot = crate::support::journal::snapshot("a");
            let body = EventBody::Unblock { snapshot, stage: None, reason };
            let appended = journal
                .registry
                .commit::<(), JournalError>(model, &actor(), |_| Ok(Decision::Append(body.clone(), ())));
            appended.unwrap();
        }
    }
    rename(&journal.registry, "m7", "seven");
    journal.backend.cache(&event_path(&name("m8"), 2), b"nonsense").unwrap();
    let asked = [vec![name("seven"), name("nobody")], models].concat();
    let registry = other(&journal);
    let mut seen = Vec::new();
    let looked = registry.each_state(&asked, |model, state| {
        let alone = other(&journal).state(model);
        match (&state, alone) {
            (Ok(state), Ok(alone)) => {
                let checkpoint = |state: &mlrun::registry::State| state.to_checkpoint();
                assert_eq!(state.as_ref().map(checkpoint), alone.as_ref().map(checkpoint), "{model}");
            }
            (Err(one), Err(other)) => assert_eq!(one.to_string(), other.to_string()),
            (one, other) => panic!("{model}: {one:?} and {other:?}"),
        }
        seen.push((model.clone(), state.map(|state| state.map(|state| state.first_name)).ok()));
        Ok::<(), ()>(())
    });
    assert_eq!(looked, Ok(()));
    assert_eq!(seen.iter().map(|(model, _)| model.clone()).collect::<Vec<_>>(), asked);
    assert_eq!(seen[0].1, Some(Some(name("m7"))));
    assert_eq!(seen[1].1, Some(None));
    assert_eq!(seen.iter().filter(|(_, state)| state.is_none()).count(), 1, "only m8 cannot be read");
    // Whoever has seen enough sees no more.
    let mut before = 0;
    let stopped = registry.each_state(&asked, |_, _| {
        before += 1;
        if before == 3 { Err("enough") } else { Ok(()) }
    });
    assert_eq!((stopped, before), (Err("enough"), 3));
}
