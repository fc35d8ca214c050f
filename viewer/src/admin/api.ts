// SPDX-License-Identifier: Apache-2.0
/** What the server answers to a steward. */
import type { Report, Text } from '../core/api';

export interface Load {
  id: number;
  kind: string;
  source_id: string;
  file: string | null;
  actor: string;
  started_at: string;
  finished_at: string | null;
  withdrawn_at: string | null;
  withdrawn_by: string | null;
  read: number | null;
  kept: number | null;
  rejected: number | null;
  outside: number | null;
}

export interface LoadReport extends Report {
  inserted?: number;
  updated?: number;
  unchanged?: number;
  unplaced?: number;
  crs_declared?: string | null;
  rejected_reasons?: { field: string | null; reason: string; reason_i18n?: Text; rows: number }[];
  refused?: Text | string;
  load_id?: number | null;
}

export interface LoadDetail extends Load { sha256: string | null; report: LoadReport }
export interface Reject { row: number; field: string | null; reason: string; reason_i18n: Text }

/** What taking a load back would do, or did: rows. */
export interface Withdrawal { removed: number; restored: number; superseded: number; edited: number; refused?: Text }

export interface UploadKind { id: string; title: Text; suffixes: string[] }
export interface Kinds { kinds: UploadKind[]; mappings: string[] }

export interface Scheme {
  id: string;
  title: Text;
  is_governance: boolean;
  is_computed: boolean;
  is_synthetic: boolean;
  metric_crs: string | null;
  levels: { level: number; width: number; name: Text | null; blocks: number | null }[];
}

export interface EventType {
  scheme: string;
  code: string;
  parent_code: string | null;
  name: string;
  name_en: string | null;
  severity: number | null;
  is_sensitive: boolean;
}

export interface EventTypes {
  schemes: { id: string; event_types: number; sensitive: number }[];
  event_types: EventType[];
  next: string | null;
}

export interface CodeForm { kind: string; title: Text; digits: number; pattern: string; within: string; within_digits: number }
export interface Pillar { code: string; title: Text; is_base: boolean; is_enabled: boolean; note: Text | null }
export interface Measure { code: string; title: Text; unit: string | null; pillar: string | null; k: number | null; access_class: number }

export type Severity = 'error' | 'warning' | 'notice';

export interface Issue {
  id: number;
  kind: string;
  severity: Severity;
  where: string;
  message: Text;
  created_at: string;
  resolved_at: string | null;
  block: string | null;
  block_name: string | null;
}

export interface Issues { issues: Issue[]; counts: { kind: string; severity: Severity; open: number }[]; next: number | null }

export interface Token {
  id: number;
  role: string;
  label: string | null;
  access_class: number;
  created_at: string;
  expires_at: string | null;
  revoked_at: string | null;
  scope: { code: string; name: string | null }[];
}

export interface Tokens { tokens: Token[]; roles: string[]; own: number | null }
export interface NewToken { role: string; scope: string[]; label: string | null; expires_at: string | null }

export interface Candidate { text: string; block_code: string; match_level: string; confidence: number }

/** A row that waits for a decision on where it is. */
export interface Placement {
  id: number;
  layer: string;
  row: number;
  given: string;
  reason: Text;
  confidence: number;
  candidates: Candidate[];
}

/** A correction from the field that waits for a decision. */
export interface Proposal {
  id: number;
  layer: string;
  feature_id: number;
  reason: string;
  role: string;
  created_at: string;
  diff: Record<string, { old: unknown; new: unknown; now: unknown }>;
  photos: string[];
  geometry: unknown;
  block_code: string | null;
  is_there: boolean;
  changed_since: boolean;
}
