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
  /** Rows that were there and that the whole list no longer has: what would end (a check), or what ended. */
  missing?: number;
  ended?: number;
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
export interface Pillar { code: string; title: Text; is_base: boolean; is_enabled: boolean; position: number; note: Text | null }

export interface Measure {
  code: string;
  kind: string;
  title: Text;
  unit: string | null;
  pillar: string | null;
  k: number | null;
  dominance: number | null;
  access_class: number;
  threshold: number | null;
  /** As a person put it together; null for what comes with the program. */
  definition: Definition | null;
}

export type Operator = '=' | '!=' | '<' | '<=' | '>' | '>=' | 'in' | 'is null' | 'is not null';
export interface Condition { property: string; op: Operator; value: unknown }

/** An indicator as the server takes it. */
export interface Definition {
  title: Text;
  layer: string;
  unit: string | null;
  conditions: Condition[];
  value: string | null;
  dimension: string | null;
  by_day: boolean;
  day: string | null;
  by_share: boolean;
  k: number | null;
  pillar: string | null;
  position: number;
  threshold: number | null;
}

export interface SourceField { name: string; title: Text; type: string; unit: string | null; values: Record<string, Text> | null }
/** A layer that indicators can be made of. */
export interface Source { id: string; title: Text; geometry: string; is_dated: boolean; properties: SourceField[] }
export interface Figures { blocks: string[]; figures: Partial<Record<string, number>> }

export interface ProfileFigure { code: string; value: number | null; shown: string | null }

export interface Goal { title: Text; measure: string; unit: string | null; factor: number; goal: number; due_date: string | null; position: number }
export interface Target extends Goal { code: string; done: number; ratio: number }
export interface Targets { blocks: string[]; targets: Target[] }

export interface AttributeField { type?: string; title?: string; [key: string]: unknown }
export interface AttributeSchema { properties?: Record<string, AttributeField>; required?: string[]; [key: string]: unknown }
export interface Legend { fill?: string; stroke?: string; by?: { property: string; values: Record<string, string> }; visible?: boolean; [key: string]: unknown }

export interface LayerDescription {
  title: { zh: string; en: string | null };
  owner: string | null;
  access_class: number;
  attribute_schema: AttributeSchema;
  legend: Legend;
  refresh_days: number | null;
  retention_until: string | null;
  /** The role that sees its versions, beside the steward. */
  owner_role: string | null;
}

export interface BusinessLayer extends LayerDescription { code: string; version: number; updated_at: string | null; is_stale: boolean; features: number }
export interface LayerVersion {
  number: number;
  /** Since when the layer is as this version says. */
  as_of: string;
  load_id: number | null;
  /** The load that this version took back. */
  withdraws: number | null;
  file: string | null;
  added: number;
  changed: number;
  ended: number;
  rows: number;
}
export interface Certificate { certificate: number; features: number; versions: number; at: string }

export interface DatasetDescription {
  title: Text | null;
  owner: string | null;
  steward: string | null;
  licence: string | null;
  note: string | null;
  refresh_days: number | null;
  /** The least class that may know of it; null: that of what is in it. */
  access_class: number | null;
}

export interface Dataset extends DatasetDescription {
  id: number;
  kind: string;
  source_id: string;
  crs: string | null;
  /** Null until they are counted. */
  rows: number | null;
  coverage: number | null;
  loaded_at: string | null;
  is_overdue: boolean;
  completeness: number | null;
  fields: { name: string; filled: number }[];
  stated_class?: number | null;
  rejected: number | null;
  issues: number;
}

export interface Datasets { datasets: Dataset[]; next: number | null }

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
  purpose: string | null;
  created_at: string;
  expires_at: string | null;
  revoked_at: string | null;
  scope: { code: string; name: string | null }[];
  organisations: string[];
  /** Whether it reaches only what it was given: with neither blocks nor organisations, nothing. */
  is_limited: boolean;
}

/** `organisations`: the names that tasks and rounds are assigned to so far. */
export interface Tokens { tokens: Token[]; roles: string[]; own: number | null; organisations: string[] }
export interface NewToken { role: string; scope: string[]; organisations: string[]; label: string | null; purpose?: string; expires_at: string | null }

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
