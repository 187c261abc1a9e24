-- How long a site may keep a material before it is an alarm, and before that lapses.
ALTER TABLE sites ADD COLUMN storage_limits json NOT NULL DEFAULT '[]';
ALTER TABLE sites ALTER COLUMN storage_limits DROP DEFAULT;
