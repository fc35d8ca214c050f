// SPDX-License-Identifier: Apache-2.0
/** What the server answers about people, the audit log, jobs and webhooks. */
import type { Job, Text } from '../core/api';

export interface Reached { code: string; name: string | null }

/** What an account, or a group of the identity provider, may do. With neither blocks nor organisations: everywhere. */
export interface Rights { role: string; access_class: number | null; purpose: string | null; scope: string[]; organisations: string[] }

/** Rights as they are kept; `is_limited` with nothing in reach: all that it was given is gone. */
export interface KeptRights { role: string; access_class: number; purpose: string | null; is_limited: boolean; scope: Reached[]; organisations: string[] }

export interface Account extends KeptRights {
  id: number;
  login: string;
  from_provider: boolean;
  must_change_password: boolean;
  created_at: string;
  disabled_at: string | null;
  /** How many are open. */
  sessions: number;
  last_seen_at: string | null;
}

/** `roles`: the highest class of each role. */
export interface Accounts { accounts: Account[]; roles: Record<string, number> }

export interface Mapping extends KeptRights { id: number; position: number; value: string }
export interface Mappings { issuer: string | null; claim: string; mappings: Mapping[] }
export interface GivenMapping extends Rights { value: string; position: number }

export interface OwnSession { id: number; method: string; created_at: string; seen_at: string; expires_at: string; own: boolean }

export interface AuditEntry {
  id: number;
  /** Null until it is sealed. */
  seq: number | null;
  hash: string | null;
  at: string;
  database_user: string;
  program: string | null;
  role: string | null;
  token_id: number | null;
  scope: string[] | null;
  purpose: string | null;
  verb: string;
  object: string;
  outcome: 'done' | 'refused';
  access_class: number | null;
  request_id: string | null;
  details: Record<string, unknown>;
}

export interface AuditPage { entries: AuditEntry[]; next: number | null }
export interface AuditHead { seq: number; hash: string; time: string; unsealed: number }
export interface AuditFilter { since: string; until: string; verb: string; token_id: string; role: string; object: string; outcome: string }

export type JobState = Job['state'];
export interface UpkeepRule { title: Text; removed: number; failed?: string }

export interface JobLine {
  id: number;
  kind: string;
  state: JobState;
  step: Text | null;
  progress: number;
  report: { read?: number; kept?: number; rejected?: number; removed?: number; rules?: Record<string, UpkeepRule>; refused?: Text | string; load_id?: number | null } | null;
  created_at: string;
  updated_at: string;
  file: string | null;
  trace_id: string | null;
  begun_by: { id: number; role: string; label: string | null } | null;
}

export interface Jobs { jobs: JobLine[]; counts: Partial<Record<JobState, number>>; next: number | null }

export type WebhookProblem = 'address' | 'network' | 'tls' | 'timeout' | 'status' | 'redirect' | 'gone' | 'owner';

export interface GivenWebhook { url: string; label: string | null; layers: string[]; block_codes: string[]; access_class: number }

export interface Webhook extends GivenWebhook {
  id: number;
  is_active: boolean;
  is_own: boolean;
  owner: { role: string; label: string | null };
  state: 'ok' | 'failing' | 'dead';
  problem: WebhookProblem | null;
  status: number | null;
  attempts: number;
  messages: number;
  failing_since: string | null;
  tried_at: string | null;
  delivered_at: string | null;
  next_attempt_at: string | null;
  /** How many changes have come since the last that was dealt with. */
  behind: number;
}
