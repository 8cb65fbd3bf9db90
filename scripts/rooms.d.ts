export interface Room {
  readonly holds: string;
  readonly imports: readonly string[];
}

export declare const ROOMS: Readonly<Record<string, Room>>;
export declare function arrows(): Map<string, Map<string, number>>;
export declare function circle(of: ReadonlyMap<string, ReadonlyMap<string, number>>): string[] | null;
export declare function report(): string;
