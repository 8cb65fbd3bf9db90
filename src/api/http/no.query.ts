/** The query of a route without parameters: every one is unknown. */
export class NoQuery {}
