import about from '../../package.json' with { type: 'json' };

/** This Airlock's version, as package.json says it. */
export const version: string = about.version;
