import { sql as stepsAndEvents } from './0001-steps-and-events.ts';
import { sql as manifests } from './0002-manifests.ts';

/** In order; the number of migrations applied is the database's `user_version`. Never edit one that was released: add one. */
export const migrations: readonly string[] = [stepsAndEvents, manifests];
