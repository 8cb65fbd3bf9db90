/**
 * What a key may do. `admin` administers and includes nothing else; it is the operator's, and sees ids and times of
 * every organization's batches.
 */
export const SCOPES = ['jobs:read', 'jobs:write', 'calls:report', 'admin'] as const;

export type Scope = (typeof SCOPES)[number];
