/** Where the outputs of a step wait as open uploads: one winner per step, written before the first of them is completed. */
export const sql = `
ALTER TABLE steps ADD COLUMN manifest TEXT;
`;
