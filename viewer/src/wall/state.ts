// SPDX-License-Identifier: Apache-2.0
/** What the wall shows now. Elements read it; drill.ts, live.ts and selection write it. */
import type { Block, Profile, TwinFeature } from '../core/api';
import type { Description } from '../core/describe';
import { Store } from '../core/store';
import type { Connection } from '../core/stream';

export interface WallState {
  block: Block | null;
  blockFailure: string;
  profile: Profile | null;
  profileFailure: string;
  /** Newest first, within the block in focus. */
  incidents: TwinFeature[];
  incidentsFailure: string;
  incidentsLoaded: boolean;
  fresh: ReadonlySet<number>;
  connection: Connection;
  lastSign: number;
  card: { description: Description | null; busy: boolean; failure: string } | null;
  hidden: ReadonlySet<string>;
  listOpen: boolean;
  missing: string[];
}

export const wall = new Store<WallState>({
  block: null, blockFailure: '', profile: null, profileFailure: '', incidents: [], incidentsFailure: '', incidentsLoaded: false,
  fresh: new Set(), connection: 'connecting', lastSign: 0, card: null, hidden: new Set(), listOpen: false, missing: [],
});
