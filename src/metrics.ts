import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Deps } from './deps.ts';

const registries = new WeakMap<Deps, Registry>();

/** The process's figures and the door's, in Prometheus' text format. */
export const renderMetrics = (deps: Deps): Promise<string> => {
  let registry = registries.get(deps);
  if (registry === undefined) {
    registry = new Registry();
    registries.set(deps, registry);
    collectDefaultMetrics({ register: registry });
    addDoor(registry, deps);
  }
  return registry.metrics();
};

const addDoor = (register: Registry, deps: Deps): void => {
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name: `blue_cycle_${name}`,
      help,
      registers: [register],
      collect() {
        this.set(read());
      },
    });
  gauge('turns_total', 'Turns of the door since start', () => deps.door.counts.turns);
  gauge('locked_turns_total', 'Turns that took the head lock', () => deps.door.counts.lockedTurns);
  gauge('facts_total', 'Facts recorded since start', () => deps.door.counts.facts);
  gauge('refusals_total', 'Commands refused since start', () => deps.door.counts.refusals);
  gauge('replays_total', 'Repeats answered since start', () => deps.door.counts.replays);
  gauge('follower_position', 'Entries the provenance follower has read', () => deps.follower.position);
};
