import { sql as stepsAndEvents } from './0001-steps-and-events.ts';

/** In order; the number of migrations applied is the database's `user_version`. Never edit one that was released: add one. */
export const migrations: readonly string[] = [stepsAndEvents];
