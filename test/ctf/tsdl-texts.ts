/** The smallest TSDL texts around what a test is about. */

export const EVENT = "event { name = e; fields := struct { u8 x; }; };";
export const TYPES = "typealias integer { size = 8; } := u8;";

/** A whole text around a trace block's entries. */
export const trace = (entries: string): string => `trace { ${entries} };\n${TYPES}\n${EVENT}`;
export const TRACE: string = `trace { major = 1; minor = 8; byte_order = le; };\n${TYPES}\n`;
/** A whole text around other declarations. */
export const text = (declarations: string): string => `${TRACE}${declarations}\n${EVENT}`;
export const clock = (entries: string): string => text(`clock { name = c; ${entries} };`);
export const event = (entries: string): string =>
  `${TRACE}event { ${entries} fields := struct { u8 x; }; };`;
export const fields = (members: string): string =>
  `${TRACE}event { name = e; fields := struct { ${members} }; };`;
export const integer = (attributes: string): string => fields(`integer { ${attributes} } x;`);
export const STREAM_ID: string = `${TYPES}\ntrace { major = 1; minor = 8; byte_order = le; packet.header := struct { u8 stream_id; }; };\n`;
export const header = (members: string): string =>
  `${TYPES}\ntrace { major = 1; minor = 8; byte_order = le; packet.header := struct { ${members} }; };\n${EVENT}`;
export const scopes = (entries: string): string => `${TRACE}stream { ${entries} };\n${EVENT}`;
export const TAG = "enum : u8 { A, B } t;";
