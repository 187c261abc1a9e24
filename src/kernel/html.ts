/** Text as it may stand in HTML, in an element or a quoted attribute: nothing of it is read as markup. */
export const escaped = (text: string): string => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
