using System.Text;
using Asyncore.Forwarding;
using Xunit;

namespace Asyncore.Tests.Forwarding;

/// <summary>What is no JSON; ¦ marks the place that is told.</summary>
public class ConfigurationSyntaxTests
{
    private const string NoEnd = "a text has no double quote at its end";
    private const string Control = "a control character in a text is written \\t, or \\u and four digits";
    private const string Escapes =
        "'\\' in a text is followed by one of \" \\ / b f n r t, or u and four hexadecimal digits";

    private const string Comments = "a comment is '//' and the rest of its line, or '/*' and all up to '*/'";
    private const string Quotes = "texts and keys are in double quotes";

    [Theory]
    [InlineData("¦", "the file is empty; '{' is expected")]
    [InlineData(" // nothing\n¦", "the file is empty; '{' is expected")]
    [InlineData(" /* nothing */¦", "the file is empty; '{' is expected")]
    [InlineData("¦listeners", "'listeners' is not a value; texts are in double quotes")]
    [InlineData("¦}", "'}' is out of place; '{' is expected")]
    [InlineData("{¦", "the file ends too early; a key in double quotes or '}' is expected")]
    [InlineData("{\n\n¦", "the file ends too early; a key in double quotes or '}' is expected")]
    [InlineData("{¦listeners: []}", "'listeners' is not a key in double quotes")]
    [InlineData("{¦5: []}", "'5' is not a key in double quotes")]
    [InlineData("{¦'listeners': []}", Quotes)]
    [InlineData("{¦,}", "',' is out of place; a key in double quotes or '}' is expected")]
    [InlineData("{¦\"drain", NoEnd)]
    [InlineData("{¦\"drain\n\": 5}", NoEnd)]
    [InlineData("{¦\"drain\\", NoEnd)]
    [InlineData("{\"drain\"¦", "':' is expected after a key")]
    [InlineData("{\"drain\" /* : */ ¦5}", "':' is expected after a key")]
    [InlineData("{\"drain\" ¦/* one */ // two\n: 5}", "a comment may not stand between a key and its ':'")]
    [InlineData("{\"drain\"¦=5}", "':' is expected after a key")]
    [InlineData("{\"dr¦\tain\": 5}", Control)]
    [InlineData("{\"dr¦\0ain\": 5}", Control)]
    [InlineData("{}¦}", "'}' is out of place; nothing may follow the end of the object")]
    [InlineData("{} // one\n ¦{}", "'{' is out of place; nothing may follow the end of the object")]
    [InlineData("{}¦,", "',' is out of place; nothing may follow the end of the object")]
    [InlineData("¦/", Comments)]
    [InlineData("{ ¦/* no end }", Comments)]
    [InlineData("{ ¦/*/ no end }", Comments)]
    [InlineData("{ ¦# no comment\n}", "'#' is not a key in double quotes")]
    [InlineData("{ // a¦\u2028b\n}", "a comment has a line separator (U+2028 or U+2029), which may not stand there")]
    [InlineData("{ // a\n // ¦\u2029\n\"a\":1}",
        "a comment has a line separator (U+2028 or U+2029), which may not stand there")]
    public void The_file(string json, string problem) => Written.IsWrong(json, string.Empty, problem);

    [Theory]
    [InlineData("\"rate\": ¦", "the file ends too early; a value is expected")]
    [InlineData("\"rate\": ¦}", "'}' is out of place; a value is expected")]
    [InlineData("\"rate\": ¦,", "',' is out of place; a value is expected")]
    [InlineData("\"rate\": ¦1MB/s", "'1MB' is not a number")]
    [InlineData("\"rate\": ¦01}", "'01' is not a number")]
    [InlineData("\"rate\": ¦+1}", "'+1' is not a number")]
    [InlineData("\"rate\": ¦.5}", "'.5' is not a number")]
    [InlineData("\"rate\": ¦5.}", "'5.' is not a number")]
    [InlineData("\"rate\": ¦-}", "'-' is not a number")]
    [InlineData("\"rate\": ¦1;}", "'1;' is not a number")]
    [InlineData("\"rate\": ¦tru}", "'tru' is not a value; texts are in double quotes")]
    [InlineData("\"rate\": ¦True}", "'True' is not a value; texts are in double quotes")]
    [InlineData("\"rate\": ¦NaN}", "'NaN' is not a value; texts are in double quotes")]
    [InlineData("\"rate\": ¦fast}", "'fast' is not a value; texts are in double quotes")]
    [InlineData("\"rate\": ¦'1MB/s'}", Quotes)]
    [InlineData("\"rate\": ¦\"1MB/s\n\"}", NoEnd)]
    [InlineData("\"rate\": ¦\"1MB/s", NoEnd)]
    [InlineData("\"rate\": \"1MB¦\\s\"}", Escapes)]
    [InlineData("\"rate\": \"\\\"\\u00e0¦\\u00g0\"}", Escapes)]
    [InlineData("\"rate\": 5 ¦\"backlog\": 5", "'\"' is out of place; ',' or '}' is expected")]
    [InlineData("\"rate\": 5¦]", "']' is out of place; ',' or '}' is expected")]
    [InlineData("\"rate\": 5¦", "the file ends too early, in a number")]
    [InlineData("\"rate\": -¦", "the file ends too early, in a number")]
    [InlineData("\"rate\": \"\"¦", "the file ends too early; ',' or '}' is expected")]
    [InlineData("\"rate\": 5,¦", "the file ends too early; a key in double quotes or '}' is expected")]
    [InlineData("\"rate\": 5,¦,", "',' is out of place; a key in double quotes or '}' is expected")]
    [InlineData("\"rate\": 5, /* , */ ¦backlog: 5", "'backlog' is not a key in double quotes")]
    [InlineData("\"rate\": 5,\n¦]", "']' is out of place; a key in double quotes or '}' is expected")]
    public void In_a_listener(string members, string problem) =>
        Written.IsWrong("{ \"listeners\": [\n{ " + members, "listeners[0]", problem);

    [Theory]
    [InlineData("¦", "the file ends too early; a value or ']' is expected")]
    [InlineData("¦,", "',' is out of place; a value or ']' is expected")]
    [InlineData("¦}", "'}' is out of place; a value or ']' is expected")]
    [InlineData("¦:80", "':' is out of place; a value or ']' is expected")]
    [InlineData("¦a]", "'a' is not a value; texts are in double quotes")]
    [InlineData("\"a\"¦: 5]", "':' is out of place; ',' or ']' is expected")]
    [InlineData("\"a\" ¦\"b\"]", "'\"' is out of place; ',' or ']' is expected")]
    [InlineData("\"a\"¦}", "'}' is out of place; ',' or ']' is expected")]
    [InlineData("\"a\"¦", "the file ends too early; ',' or ']' is expected")]
    [InlineData("\"a\",¦", "the file ends too early; a value or ']' is expected")]
    [InlineData("\"a\",\n ¦,\"b\"]", "',' is out of place; a value or ']' is expected")]
    [InlineData("\"a\" // ,\n ¦b]", "'b' is out of place; ',' or ']' is expected")]
    public void In_a_list(string items, string problem) =>
        Written.IsWrong("{ \"listeners\": [" + items, "listeners", problem);

    [Theory]
    [InlineData("{¦\"\\ud800\": 5}", "")]
    [InlineData("{\"drain\": ¦\"a\\udc00\\ud800\"}", "")]
    public void Half_a_character(string json, string key) => Written.IsWrong(
        json, key, "a text has one half of a character (\\uD800 to \\uDFFF) without the other");

    [Fact]
    public void Too_many_inside_of_each_other()
    {
        const string Problem = "objects and lists are too many inside of each other";
        string key = string.Concat(Enumerable.Repeat("[0]", 17));
        Written.IsWrong($"{new string('[', 17)}¦{new string('[', 100)}", key, Problem);
        Written.IsWrong($"{new string('[', 17)}¦[", key, Problem);
        Written.IsWrong($"{new string('[', 17)}¦", key[3..], "the file ends too early; a value or ']' is expected");
    }

    [Theory]
    [InlineData("", new byte[] { 0xFF, 0xFE, 0x7B, 0 }, 1, 1)]
    [InlineData("", new byte[] { 0xFE, 0xFF, 0, 0x7B }, 1, 1)]
    [InlineData("{\n\"ä\": \"", new byte[] { 0xE4, 0x22, 0x7D }, 2, 7)]
    [InlineData("{\n// ä", new byte[] { 0xC3 }, 2, 5)]
    [InlineData("{", new byte[] { 0xED, 0xA0, 0x80, 0x7D }, 1, 2)] // half a character
    [InlineData("{", new byte[] { 0xC0, 0x80, 0x7D }, 1, 2)] // longer than need be
    public void What_is_not_UTF_8(string before, byte[] after, int line, int column)
    {
        byte[] json = [.. Encoding.UTF8.GetBytes(before), .. after];
        ForwardConfigurationException error =
            Assert.Throws<ForwardConfigurationException>(() => ForwardConfiguration.Parse(json, "f"));
        Assert.Equal($"f:{line}:{column}: this is not UTF-8", error.Message);
    }
}
