/** What a key may do. `admin` administers and includes nothing else. */
export const SCOPES = ['jobs:read', 'jobs:write', 'calls:report', 'admin'] as const;

export type Scope = (typeof SCOPES)[number];
