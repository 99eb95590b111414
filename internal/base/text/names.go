package text

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// told: what people write before their own name. The first group is sure of it
// (a family name must follow), the second only if the sentence ends behind it:
// 我是王小明。 but not 我是高中生家长.
var (
	told  = regexp.MustCompile(`(?:我的?名字(?:是|叫)?|我叫做?|我姓名|本人叫|名叫|姓名是?|联系人是|(?:联系人|反映人|投诉人|报修人|举报人|业主|户主) *:)[ :]*`)
	saidI = regexp.MustCompile(`(?:我是|本人是?|这里是)[ :,]*((?:[^,，。!?;；、\n]{0,12}的)?)`)
	ended = regexp.MustCompile(`^(?:[ ,，。.!?;；、:()（）\n\r]|$|住|家住|电话|手机|身份证|男|女|今年)`)
)

const double = "欧阳 司马 上官 诸葛 东方 皇甫 尉迟 公孙 慕容 令狐 司徒 夏侯 长孙 宇文 司空 端木 南宫 西门 独孤"

// family names: the commonest, four of five hundred people and more. Those that are
// words, too (和 时 常 安 高 …), stand in the second list and count after 我叫 only.
const (
	family = "王李张刘陈杨赵黄周吴徐孙胡朱林何郭罗梁宋郑谢韩唐冯董程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范石姚谭廖邹熊金陆郝孔崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎武乔贺赖龚" +
		"樊兰殷施陶洪翟倪严牛温芦季俞章鲁葛伍韦申尤毕聂丛焦柳邢骆岳齐梅庄辛管祝涂谷祁耿牟卜詹关苗凌费纪靳盛童欧甄项曲成游裴席卫查屈鲍覃霍翁隋甘景薄单包司柏宁柯阮桂闵解强柴车冉房边辜吉饶刁瞿戚丘米池滕晋苑邬臧畅宫全褚廉简娄盖符奚穆党燕郎邸冀谈姬屠连郜晏栾郁商蒙计喻揭窦迟宇敖糜鄢冷卓花仇艾蓝都巩稽井练仲乐虞卞封竺冼原官衣楚佟栗匡宗应台巫鞠僧桑荆谌银扬明沙薄伏岑习胥保和蔺闫肖付"
	wordly  = "高马于白方向常文时安和江金石孔万钱田龙关成明全连计单解强边包司保都官台应原商计乐花井封"
	notName = "的了在是住有和与及就也都想要说叫把被给让为从到去来这那哪您你我他她它们吧吗呢啊吖呀嘛电手今年岁男女"
	notLast = "人民主户长员生士客者友工区村路街楼栋幢家师组社会室店院校司厂部委站"
)

// names finds names that people give as their own.
func names(t string, add func(from, to int, kind string)) {
	for _, m := range told.FindAllStringIndex(t, -1) {
		if n := name(t[m[1]:], true); n > 0 {
			add(m[1], m[1]+n, "name")
		}
	}
	for _, m := range saidI.FindAllStringSubmatchIndex(t, -1) {
		for _, from := range []int{m[1], m[2]} { // 我是三栋的王小明, 我是王小明
			if n := name(t[from:], false); n > 0 {
				add(from, from+n, "name")
				break
			}
		}
	}
}

// name is the length of the name t begins with, or 0. A sure one needs no end of
// sentence behind it: then it is at most the family name and two characters.
func name(t string, sure bool) int {
	n := surname(t, sure)
	if n == 0 {
		return 0
	}
	longest := 0
	for given := 0; given < 2; given++ {
		r, size := utf8.DecodeRuneInString(t[n:])
		if !han(r) || strings.ContainsRune(notName, r) {
			break
		}
		n += size
		end := ended.MatchString(t[n:])
		if sure || end && !strings.ContainsRune(notLast, r) {
			longest = n
		}
		if end {
			break
		}
	}
	return longest
}

// surname is the length of the family name at the start of t, or 0.
func surname(t string, sure bool) int {
	for _, two := range strings.Fields(double) {
		if strings.HasPrefix(t, two) {
			return len(two)
		}
	}
	r, size := utf8.DecodeRuneInString(t)
	switch word := strings.ContainsRune(wordly, r); {
	case !han(r), word && !sure, !word && !strings.ContainsRune(family, r):
		return 0
	}
	return size
}
