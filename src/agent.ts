#!/usr/bin/env node
import { runAgent } from './daemon/agent-process.ts';

/** The entry of the agent's own program: the core stays without the client libraries of the stores. */
runAgent();
