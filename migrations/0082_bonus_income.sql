-- What a second distribution is to whoever it is credited to: kinds of income are taxed by kind.
ALTER TABLE distribution_rules ADD COLUMN income text NOT NULL DEFAULT 'price-supplement';
